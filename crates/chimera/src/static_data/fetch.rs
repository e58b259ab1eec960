//! Fetches the public files that names are read from.

use std::time::Duration;

use anyhow::{Context, bail};
use futures::StreamExt;

use super::{Kind, Language, data_dragon_code, file_code, sync::is_patch};
use crate::config::StaticDataConfig;

/// The largest of these files is half a megabyte; a whole champion list with all spells some ten.
const BODY_LIMIT_BYTES: usize = 32 * 1024 * 1024;

/// The two places that Riot's data is published at.
#[derive(Debug)]
pub struct Source {
    client: reqwest::Client,
    data_dragon_url: String,
    community_dragon_url: String,
}

impl Source {
    /// Reaches out to the addresses of the configuration.
    pub fn new(settings: &StaticDataConfig) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(settings.timeout_seconds))
            .redirect(reqwest::redirect::Policy::limited(3))
            .user_agent(concat!("chimera/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("the HTTP client cannot be made")?;
        let trimmed = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self {
            client,
            data_dragon_url: trimmed(&settings.data_dragon_url),
            community_dragon_url: trimmed(&settings.community_dragon_url),
        })
    }

    /// Data Dragon's own name of a patch: `latest`, `16.3` and `16.3.1` become such as `16.3.1`.
    pub async fn data_dragon_patch(&self, patch: &str) -> anyhow::Result<String> {
        if patch != "latest" && !is_patch(patch) {
            bail!("`{patch}` is no patch; write `latest` or one such as 16.3.1");
        }
        let body = self.get(&format!("{}/api/versions.json", self.data_dragon_url)).await?;
        let versions: Vec<String> =
            serde_json::from_slice(&body).context("Data Dragon's list of versions is none")?;
        let prefix = format!("{patch}.");
        let fits = |version: &&String| patch == "latest" || *version == patch || version.starts_with(&prefix);
        let found = versions.iter().find(fits).filter(|version| is_patch(version));
        found.cloned().with_context(|| format!("Data Dragon has no version for patch {patch}"))
    }

    /// One of Data Dragon's files, of a patch by Data Dragon's own name.
    pub async fn data_dragon(&self, patch: &str, kind: Kind, language: Language) -> anyhow::Result<Vec<u8>> {
        let file = match kind {
            Kind::Champions => "champion",
            Kind::Items => "item",
            Kind::Runes => "runesReforged",
            Kind::Spells => "summoner",
            Kind::Augments => bail!("Data Dragon has no augments"),
        };
        let code = data_dragon_code(language);
        self.get(&format!("{}/cdn/{patch}/data/{code}/{file}.json", self.data_dragon_url)).await
    }

    /// CommunityDragon's list of Arena augments. Its folders are called by the first two numbers of a patch.
    pub async fn arena(&self, patch: &str, language: Language) -> anyhow::Result<Vec<u8>> {
        if !is_patch(patch) {
            bail!("`{patch}` is no patch; write one such as 16.3");
        }
        let folder: Vec<&str> = patch.split('.').take(2).collect();
        let (base, folder, code) = (&self.community_dragon_url, folder.join("."), file_code(language));
        self.get(&format!("{base}/{folder}/cdragon/arena/{code}.json")).await
    }

    async fn get(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let failed = || format!("cannot fetch {url}; `--file FILE` takes a file that you have");
        let response = self.client.get(url).send().await.with_context(failed)?;
        if !response.status().is_success() {
            bail!("{url} answered {}; `--file FILE` takes a file that you have", response.status());
        }
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk.with_context(failed)?);
            if body.len() > BODY_LIMIT_BYTES {
                bail!("{url} is larger than {BODY_LIMIT_BYTES} bytes, which no such file is");
            }
        }
        Ok(body)
    }
}

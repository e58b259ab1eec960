//! `/canons`: worlds, their files, problems, versions and differences.

use std::collections::BTreeMap;

use axum::{Extension, extract::State};
use chassis::{
    audit::{AuditEvent, Outcome},
    http::{Json, Path, Query, RequestId},
    problem::Problem,
};
use loom_core::canon;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    problems,
    views::{
        CanonSummaryView, CanonView, ChangeView, ProblemView, RuleView, SectionView, VersionView,
        canon_content,
    },
};
use crate::{
    app::App,
    auth::Caller,
    canon_dir::{self, CanonError, Loaded, edit},
    store::canons,
};

/// Versions that a history shows.
const VERSIONS: i64 = 200;

fn summary(loaded: &Loaded) -> CanonSummaryView {
    let canon = loaded.canon.as_ref();
    CanonSummaryView {
        key: loaded.key.clone(),
        name: canon.map_or_else(|| loaded.key.clone(), |canon| canon.name.clone()),
        language: canon.map(|canon| canon.language.tag().to_owned()).unwrap_or_default(),
        version: canon.map(|canon| canon.version.clone()).unwrap_or_default(),
        summary: canon.and_then(|canon| canon.summary.clone()),
        hash: canon.map(|canon| canon.hash.clone()),
        commit: loaded.commit.clone(),
        stale: loaded.stale,
        problems: loaded.problems.len(),
    }
}

/// One canon of the folder, or why not.
pub async fn loaded(app: &App, key: &str) -> Result<Loaded, Problem> {
    if let Some(loaded) = app.canons.get(key).await {
        return Ok(loaded);
    }
    let known = app.canons.all().await.iter().map(|it| it.key.clone()).collect::<Vec<_>>().join(", ");
    Err(problems::canon(&CanonError::Unknown { key: key.chars().take(120).collect(), known }))
}

/// Whether a caller may change a canon's files. A canon that never could be read is its builders' to repair.
pub fn may_edit(caller: &Caller, loaded: &Loaded) -> bool {
    match &loaded.canon {
        Some(canon) => canon.permissions.edit.permits(caller.role),
        None => caller.role >= loom_core::access::Role::Builder,
    }
}

/// All canons.
#[utoipa::path(get, path = "/canons", tag = "canons", responses((status = 200, body = Vec<CanonSummaryView>)))]
pub async fn list(State(app): State<App>) -> Json<Vec<CanonSummaryView>> {
    Json(app.canons.all().await.iter().map(summary).collect())
}

/// One canon with its sections, rules, problems and files.
#[utoipa::path(get, path = "/canons/{key}", tag = "canons", params(("key" = String, Path)),
    responses((status = 200, body = CanonView)))]
pub async fn show(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(key): Path<String>,
) -> Result<Json<CanonView>, Problem> {
    let loaded = loaded(&app, &key).await?;
    Ok(Json(view(&caller, &loaded)))
}

/// A canon as the API and the pages show it.
#[must_use]
pub fn view(caller: &Caller, loaded: &Loaded) -> CanonView {
    let (sections, rules) = loaded.canon.as_deref().map(canon_content).unwrap_or_default();
    CanonView {
        summary: summary(loaded),
        edit: loaded.canon.as_ref().map(|canon| canon.permissions.edit.to_string()).unwrap_or_default(),
        may_edit: may_edit(caller, loaded),
        files: loaded.files.keys().cloned().collect(),
        problems: loaded.problems.iter().map(ProblemView::from).collect(),
        sections,
        rules,
    }
}

/// One file of a canon.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileView {
    /// Path within the canon.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Send it back as `expected_hash` when saving.
    pub hash: String,
}

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
pub struct FileQuery {
    /// Path within the canon.
    pub path: String,
}

/// Read a file of a canon.
#[utoipa::path(get, path = "/canons/{key}/file", tag = "canons", params(("key" = String, Path), FileQuery),
    responses((status = 200, body = FileView)))]
pub async fn read_file(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(query): Query<FileQuery>,
) -> Result<Json<FileView>, Problem> {
    let loaded = loaded(&app, &key).await?;
    let text = loaded
        .files
        .get(&query.path)
        .ok_or_else(|| problems::save(&edit::SaveError::BadPath(query.path.chars().take(120).collect())))?;
    Ok(Json(FileView { path: query.path, text: text.clone(), hash: edit::file_hash(text) }))
}

/// A file to save.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedFile {
    /// Path within the canon, ending in `.md`.
    pub path: String,
    /// Its whole text.
    pub text: String,
    /// Hash of the text that the editor began with; absent for a new file.
    pub expected_hash: Option<String>,
}

/// Save a file of a canon. The whole canon must stay playable, and the file must be as the editor read it.
#[utoipa::path(put, path = "/canons/{key}/file", tag = "canons", params(("key" = String, Path)),
    request_body = SavedFile, responses((status = 200, body = FileView), (status = 409, description = "changed meanwhile"),
    (status = 422, description = "would not be playable")))]
pub async fn save_file(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Extension(request_id): Extension<RequestId>,
    Path(key): Path<String>,
    Json(file): Json<SavedFile>,
) -> Result<Json<FileView>, Problem> {
    let before = loaded(&app, &key).await?;
    let allowed = may_edit(&caller, &before);
    let audit = |outcome, detail: String| {
        app.logs.audit().record(&AuditEvent {
            actor: caller.name.clone(),
            action: "canon.save".to_owned(),
            subject: format!("canon {key} file {}", file.path),
            outcome,
            detail,
            request_id: Some(request_id.0.clone()),
        });
    };
    if !allowed {
        audit(Outcome::Denied, String::new());
        return Err(problems::forbidden("edit this canon", &view(&caller, &before).edit));
    }
    match edit::save(&app.canons, &key, &file.path, &file.text, file.expected_hash.as_deref()).await {
        Ok(hash) => {
            audit(Outcome::Ok, format!("file hash {hash}"));
            Ok(Json(FileView { path: file.path, text: file.text, hash }))
        }
        Err(error) => {
            audit(Outcome::Failed, error.to_string());
            Err(problems::save(&error))
        }
    }
}

/// Files to check: those given stand over those on disk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Path within the canon to text.
    pub files: BTreeMap<String, String>,
}

/// What a draft would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckedView {
    /// It can be played.
    pub playable: bool,
    /// Its content hash, when it can be played.
    pub hash: Option<String>,
    /// What is wrong with it.
    pub problems: Vec<ProblemView>,
    /// Its sections.
    pub sections: Vec<SectionView>,
    /// Its rules.
    pub rules: Vec<RuleView>,
}

/// Check a draft without saving it.
#[utoipa::path(post, path = "/canons/{key}/validate", tag = "canons", params(("key" = String, Path)),
    request_body = Draft, responses((status = 200, body = CheckedView)))]
pub async fn validate(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(draft): Json<Draft>,
) -> Result<Json<CheckedView>, Problem> {
    let loaded = loaded(&app, &key).await?;
    let mut files = loaded.files.as_ref().clone();
    files.extend(draft.files);
    let parsed = tokio::task::spawn_blocking(move || canon_dir::parse_files(&key, &files))
        .await
        .map_err(Problem::internal)?;
    let (sections, rules) = parsed.canon.as_ref().map(canon_content).unwrap_or_default();
    Ok(Json(CheckedView {
        playable: parsed.canon.is_some(),
        hash: parsed.canon.map(|canon| canon.hash),
        problems: parsed.problems.iter().map(ProblemView::from).collect(),
        sections,
        rules,
    }))
}

/// Versions of a canon that turns were played under, newest first.
#[utoipa::path(get, path = "/canons/{key}/history", tag = "canons", params(("key" = String, Path)),
    responses((status = 200, body = Vec<VersionView>)))]
pub async fn history(
    State(app): State<App>,
    Path(key): Path<String>,
) -> Result<Json<Vec<VersionView>>, Problem> {
    let versions =
        canons::list(&app.database, &key, VERSIONS).await.map_err(|error| problems::storage(&error))?;
    Ok(Json(versions.into_iter().map(VersionView::from).collect()))
}

/// Which versions to compare.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct DiffQuery {
    /// Hash of the older one, or its first characters; the newest stored version when absent.
    pub from: Option<String>,
    /// Hash of the newer one, or its first characters; what is on disk when absent.
    pub to: Option<String>,
}

/// What differs between two versions of a canon.
#[utoipa::path(get, path = "/canons/{key}/diff", tag = "canons", params(("key" = String, Path), DiffQuery),
    responses((status = 200, body = Vec<ChangeView>)))]
pub async fn diff(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Result<Json<Vec<ChangeView>>, Problem> {
    let from = stored(&app, &key, query.from.as_deref()).await?;
    let to = match &query.to {
        Some(hash) => stored(&app, &key, Some(hash)).await?,
        None => on_disk(&app, &key).await?,
    };
    Ok(Json(canon::diff(&from, &to).into_iter().map(ChangeView::from).collect()))
}

async fn on_disk(app: &App, key: &str) -> Result<canon::Canon, Problem> {
    let loaded = loaded(app, key).await?;
    let parsed = canon_dir::parse_files(key, &loaded.files);
    parsed.canon.ok_or_else(|| {
        let first_problem = parsed.problems.first().map(|it| it.message.clone()).unwrap_or_default();
        problems::canon(&CanonError::Unplayable { key: key.to_owned(), first_problem })
    })
}

async fn stored(app: &App, key: &str, hash: Option<&str>) -> Result<canon::Canon, Problem> {
    let versions =
        canons::list(&app.database, key, VERSIONS).await.map_err(|error| problems::storage(&error))?;
    let wanted = versions.iter().find(|version| hash.is_none_or(|hash| version.hash.starts_with(hash)));
    wanted.and_then(|version| canon_dir::parse_version(version).canon).ok_or_else(|| {
        problems::invalid(
            "there is no stored version with this hash; a version is stored when a turn is played under it",
        )
    })
}

//! The store that runs inside of the test: s3s-fs on a temporary folder. It wants the right key.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;

use super::S3Access;
use crate::loopback::Loopback;

/// A running store; dropping it cuts every connection and removes what it kept.
#[derive(Debug)]
pub struct LocalS3 {
    access: S3Access,
    _server: Loopback,
    /// Dropped after the server.
    folder: TempDir,
}

impl LocalS3 {
    /// Starts one with an empty bucket.
    ///
    /// # Panics
    /// When no folder can be made or no port is free.
    pub fn start() -> Self {
        match Self::try_start() {
            Ok(started) => started,
            Err(error) => panic!("starting an S3 server: {error:#}"),
        }
    }

    fn try_start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("testkit-s3-").tempdir()?;
        let mut access = S3Access::at(String::new());
        fs::create_dir(folder.path().join(&access.bucket))?;
        let files = FileSystem::new(folder.path())
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .context("opening the folder of the store")?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(
            access.access_key_id.clone(),
            access.secret_access_key.clone(),
        ));
        let service = Arc::new(builder.build());
        let server = Loopback::serve("local-s3", Router::new().fallback(answer).with_state(service))?;
        access.endpoint = format!("http://{}", server.address());
        Ok(Self { access, _server: server, folder })
    }

    /// How it is reached.
    pub fn access(&self) -> &S3Access {
        &self.access
    }

    /// Where its objects are, as files, whatever it would say itself.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().join(&self.access.bucket)
    }
}

async fn answer(State(service): State<Arc<S3Service>>, request: Request) -> Response {
    match service.call(request.map(s3s::Body::http_body_unsync)).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")).into_response(),
    }
}

//! Object stores that speak S3 over real HTTP on 127.0.0.1: two that share no code, so that what works with both is
//! not a habit of one.

mod local;
mod moto;

pub use local::LocalS3;
pub use moto::Moto;

/// What a client is told of a store. The bucket is there and empty at first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Access {
    /// `http://127.0.0.1:port`
    pub endpoint: String,
    /// The one bucket.
    pub bucket: String,
    /// Where it claims to be.
    pub region: String,
    /// Name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
}

impl S3Access {
    fn at(endpoint: String) -> Self {
        Self {
            endpoint,
            bucket: "backups".to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: "testkit-access-key-id".to_owned(),
            secret_access_key: "testkit-secret-access-key".to_owned(),
        }
    }
}

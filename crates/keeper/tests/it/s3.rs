//! Files in object stores: two real servers, and keys, buckets and addresses that are wrong.

use std::time::Duration;

use chassis::{Secret, backoff::Backoff};
use keeper::backup::{
    location::S3Location,
    repository::{
        files::{FileError, Files},
        s3::{S3Files, S3Settings},
    },
};
use testkit::{LocalS3, Moto, S3Access};

use crate::files_contract as contract;

pub(crate) fn location(access: &S3Access, prefix: &str) -> S3Location {
    S3Location {
        bucket: access.bucket.clone(),
        prefix: prefix.to_owned(),
        endpoint: Some(access.endpoint.clone()),
        region: Some(access.region.clone()),
        access_key_id: Secret::new(access.access_key_id.clone()),
        secret_access_key: Secret::new(access.secret_access_key.clone()),
    }
}

/// Limits that are soon reached, for stores that shall fail.
pub(crate) fn impatient() -> S3Settings {
    S3Settings {
        connect_timeout: Duration::from_millis(500),
        answer_timeout: Duration::from_millis(400),
        slowest_bytes_per_s: 4 << 20,
        tries: 3,
        backoff: Backoff {
            base: Duration::from_millis(5),
            factor: 2.0,
            max: Duration::from_millis(20),
            jitter: 0.0,
        },
        ..S3Settings::default()
    }
}

fn keeps_everything(access: &S3Access) {
    for prefix in ["", "loom", "deep/down/ü b+c"] {
        let files = S3Files::new(&location(access, prefix)).unwrap();
        contract::keeps_files(&files);
        contract::keeps_odd_names(&files);
        for (name, _) in files.list("").unwrap() {
            [name.clone(), format!("data/50/{name}"), format!("data-not/{name}")]
                .iter()
                .for_each(|path| files.remove(path).unwrap());
        }
        assert_eq!(files.list("").unwrap(), []);
    }
    contract::keeps_many(&S3Files::new(&location(access, "many")).unwrap());
    contract::keeps_big(&S3Files::new(&location(access, "big")).unwrap());
}

#[test]
fn files_are_kept_by_the_server_of_rust() {
    let store = LocalS3::start();
    keeps_everything(store.access());
}

#[tokio::test]
async fn files_are_kept_by_the_server_of_python() {
    let Some(store) = Moto::start().await else { return };
    keeps_everything(store.access());
}

#[test]
fn a_prefix_sees_nothing_of_its_neighbours() {
    let store = LocalS3::start();
    let [one, other] =
        ["loom", "loom-2"].map(|prefix| S3Files::new(&location(store.access(), prefix)).unwrap());
    one.write("config", &["1".into()]).unwrap();
    assert_eq!(other.list("").unwrap(), []);
    other.write("config", &["22".into()]).unwrap();
    assert_eq!(one.list("").unwrap(), [("config".to_owned(), 1)]);
}

/// Every call of a store that is wrong for the same reason.
fn errors(files: &dyn Files) -> Vec<FileError> {
    vec![
        files.list("data").unwrap_err(),
        files.read("config").unwrap_err(),
        files.read_range("config", 0, 1).unwrap_err(),
        files.write("config", &["x".into()]).unwrap_err(),
    ]
}

fn check_wrong(location: &S3Location, expected: &str) {
    let files = S3Files::with_settings(location, impatient()).unwrap();
    for error in errors(&files) {
        let text = error.to_string();
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("not-the-key") && !text.contains('\n') && text.len() < 300, "{text}");
    }
}

#[test]
fn wrong_keys_buckets_and_addresses_are_named() {
    let store = LocalS3::start();
    let right = location(store.access(), "loom");
    let wrong_key = S3Location { secret_access_key: Secret::new("not-the-key".to_owned()), ..right.clone() };
    check_wrong(&wrong_key, "may not be used: it answered 403 SignatureDoesNotMatch");
    let wrong_id = S3Location { access_key_id: Secret::new("not-the-key-id".to_owned()), ..right.clone() };
    check_wrong(&wrong_id, "may not be used: it answered 403");
    let files = S3Files::new(&S3Location { bucket: "nowhere".to_owned(), ..right.clone() }).unwrap();
    let host = store.access().endpoint.replace("http://", "");
    let expected = format!("the bucket nowhere at {host} is not there");
    assert_eq!(files.list("data").unwrap_err().to_string(), expected);
    let nobody = S3Location { endpoint: Some("http://127.0.0.1:1".to_owned()), ..right };
    check_wrong(&nobody, "127.0.0.1:1 cannot be reached: the connection was refused");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_named_by_moto_too() {
    let Some(store) = Moto::start().await else { return };
    let wrong = S3Location { bucket: "nowhere".to_owned(), ..location(store.access(), "loom") };
    let host = store.access().endpoint.replace("http://", "");
    let files = S3Files::new(&wrong).unwrap();
    for error in errors(&files) {
        assert_eq!(error.to_string(), format!("the bucket nowhere at {host} is not there"));
    }
}

//! A PostgreSQL database through a plan, from the first dump to a damaged repository.

use std::fs;

use chassis::Clock;
use keeper::backup::proof::postgres::SCRATCH_PREFIX;
use storage::{Database, DatabaseSettings};
use testkit::TempDb;

use crate::shop::{Shop, close, packs};

async fn sql(url: &str, statements: &[&str]) {
    let database = Database::open(&DatabaseSettings::at(url), Clock::system()).await.unwrap();
    for statement in statements {
        database.execute(statement, &[]).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    database.close().await;
}

/// Databases that proofs have left behind on the server.
async fn left_over(url: &str) -> i64 {
    let database = Database::open(&DatabaseSettings::at(url), Clock::system()).await.unwrap();
    let statement =
        format!("SELECT COUNT(*) AS count FROM pg_database WHERE datname LIKE '{SCRATCH_PREFIX}%'");
    let count = database.fetch_one(&statement, &[]).await.unwrap().get("count").unwrap();
    database.close().await;
    count
}

/// A shop whose second service keeps its orders in PostgreSQL, its password in a file.
fn shop(url: &str) -> Shop {
    let (before, after) = url.split_once('@').unwrap();
    let (user, password) = before.rsplit_once(':').unwrap();
    let text = format!(
        r#"
[plan]
name = "shop"
title = "Shop"
zone = "UTC"

[service.app]
database.postgres.url = "{user}@{after}"
database.postgres.password.file = "database-password"

[[store]]
name = "near"
kind = "local"
place.folder = "backup/near"
password.file = "password"

[[backup]]
name = "app"
schedule = "0 0 1 1 *"
sources = [{{ database = "app" }}]
keep = {{ last = 5 }}
stores = ["near"]
"#
    );
    let shop = Shop::new(&text);
    fs::write(shop.path("database-password"), password).unwrap();
    close(&shop.path("database-password"));
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_taken_proved_restored_and_found_damaged() {
    let Some(place) = TempDb::postgres().await else { return };
    let shop = shop(&place.url);
    sql(
        &place.url,
        &[
            "CREATE TABLE orders (id bigint PRIMARY KEY, what text NOT NULL)",
            "CREATE TABLE old (id bigint)",
            "INSERT INTO orders SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i",
            "INSERT INTO old VALUES (1), (2), (3)",
        ],
    )
    .await;
    shop.good("backup run app");
    let said = shop.good("backup verify app --latest");
    assert!(said.contains("GREEN") && said.contains("2 tables hold 5003 rows"), "{said}");
    shop.good("backup restore app --to out");
    assert!(fs::metadata(shop.path("out/databases/app.dump")).unwrap().len() > 10_000);

    // What happens to the source later is nothing to a backup of before.
    sql(&place.url, &["DROP TABLE old", "DELETE FROM orders WHERE id > 4000"]).await;
    assert!(shop.good("backup verify app --latest").contains("GREEN"));
    shop.good("backup run app");
    let said = shop.good("backup verify app --latest");
    assert!(said.contains("GREEN") && said.contains("4000 rows"), "{said}");

    let mut all = packs(&shop.path("backup/near"));
    all.sort_by_key(|pack| fs::metadata(pack).unwrap().len());
    let biggest = all.pop().unwrap();
    let mut bytes = fs::read(&biggest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    close(&biggest);
    fs::write(&biggest, &bytes).unwrap();
    let said = shop.bad("backup verify app --latest", "RED");
    assert!(said.contains(&biggest.file_name().unwrap().to_str().unwrap()[..8]), "{said}");
    bytes[middle] ^= 1;
    fs::write(&biggest, &bytes).unwrap();
    shop.good("backup verify app --latest");
    assert_eq!(left_over(&place.url).await, 0, "the databases of the proofs are gone");

    // The database's password is needed, and is told nobody.
    let secret = fs::read_to_string(shop.path("database-password")).unwrap();
    fs::remove_file(shop.path("database-password")).unwrap();
    let said = shop.bad("backup run app", "database-password");
    assert!(secret.is_empty() || !said.contains(&secret), "{said}");
    fs::write(shop.path("database-password"), secret).unwrap();
    close(&shop.path("database-password"));
    sql(&place.url, &["ALTER TABLE orders RENAME TO others"]).await;
    shop.good("backup run app");
    let kinds = ["backup_taken", "backup_failed", "proof_made", "restored"];
    assert_eq!(shop.count(kinds), [3, 1, 5, 1]);
}

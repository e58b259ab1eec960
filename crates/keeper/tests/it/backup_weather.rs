//! Backups in bad weather: full, absent and read-only disks, damaged sources, clocks that jump, and several keepers at
//! once. Nothing good is lost, nothing bad is called good, and each failure is one clear sentence and a row.

mod daemon;
mod damage;
mod disks;
mod folders;
mod stores;
mod together;

use crate::shop::Shop;

/// A plan with one database and one store in this folder.
fn plan(store: &str, rest: &str) -> String {
    format!(
        r#"
[plan]
name = "shop"
title = "Shop"
zone = "UTC"

[service.shop]
database.sqlite = "data/shop.db"

[[store]]
name = "near"
kind = "local"
place.folder = "{store}"
password.file = "password"

[[backup]]
name = "db"
schedule = "0 0 1 1 *"
sources = [{{ database = "shop" }}]
keep = {{ last = 5 }}
stores = ["near"]
{rest}"#
    )
}

/// How many backups a list shows.
fn listed(shop: &Shop, line: &str) -> usize {
    shop.json(line)[0]["report"]["data"]["backups"].as_array().unwrap().len()
}

/// Changes about all of the database.
fn change(shop: &Shop) {
    shop.sql("UPDATE orders SET what = hex(randomblob(60));");
}

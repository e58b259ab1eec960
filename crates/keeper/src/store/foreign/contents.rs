//! The rows of every table of a PostgreSQL database at one instant: how many, and a hash of them whatever their order.
//!
//! Counted are ordinary tables and every partition by itself, each without the tables that inherit from it. Not
//! counted is what a dump does not hold or what a restore makes anew: foreign tables, materialised views, tables of
//! extensions. Sequences are not compared, because they move outside of transactions. Of a large object the first
//! 16 MiB are looked at.

use std::collections::BTreeMap;

use keeper_core::ledger::Hash;
use sha2::{Digest, Sha256};
use storage::{Database, Row, StorageError, Transaction, params};

/// Under this name large objects are counted, where there are any.
pub const LARGE_OBJECTS: &str = "large objects";

/// Rows as text look the same in every session with these, and no row is hidden from us.
const SETTINGS: &str = "SELECT set_config(name, value, true) FROM (VALUES ('search_path', 'pg_catalog'), \
    ('datestyle', 'ISO, YMD'), ('intervalstyle', 'postgres'), ('timezone', 'UTC'), ('extra_float_digits', '3'), \
    ('bytea_output', 'hex'), ('lc_monetary', 'C'), ('xmlbinary', 'base64'), ('row_security', 'off')) \
    AS wanted (name, value)";

/// The transaction is held for as long as a dump takes. Not every version knows all of these.
const PATIENCE: &str = "SELECT set_config(name, '0', true) FROM pg_settings WHERE name IN \
    ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

const TABLES: &str = "SELECT format('%I.%I', space.nspname, class.relname) AS name, \
    (SELECT string_agg(format('t.%I', attname), ', ' ORDER BY attname COLLATE \"C\") FROM pg_attribute \
        WHERE attrelid = class.oid AND attnum > 0 AND NOT attisdropped) AS columns \
    FROM pg_class class JOIN pg_namespace space ON space.oid = class.relnamespace \
    WHERE class.relkind = 'r' AND class.relpersistence <> 't' \
    AND space.nspname <> 'information_schema' AND space.nspname NOT LIKE 'pg\\_%' \
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = class.oid \
        AND deptype = 'e') \
    ORDER BY 1";

/// `OFFSET 0` keeps the server from making each line twice.
const COUNT: &str = "count(*) AS rows, sum(hashtextextended(line, 0))::text AS first, \
    sum(hashtextextended(line, 7919))::text AS second FROM";

/// What a database holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Rows of each table, by its quoted name.
    pub rows: BTreeMap<String, u64>,
    /// Hash of the rows of each table.
    pub content: BTreeMap<String, Hash>,
}

/// A database held at one instant; others go on writing, but no table can be emptied or altered.
#[derive(Debug)]
pub struct Held {
    /// By which `pg_dump` sees the same instant.
    pub snapshot: String,
    transaction: Transaction,
}

/// Holds a database still. Every table is locked before the instant is chosen: a table that is emptied or rewritten
/// after it would look empty.
pub async fn hold(database: &Database) -> Result<Held, StorageError> {
    let tables = database.fetch_all(TABLES, &[]).await?;
    let mut transaction = database.begin_read().await?;
    if !tables.is_empty() {
        let names = tables.iter().map(|row| row.get::<String>("name").map(|name| format!("ONLY {name}")));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        transaction.execute(&format!("LOCK TABLE {} IN ACCESS SHARE MODE", names.join(", ")), &[]).await?;
    }
    transaction.fetch_all(SETTINGS, &[]).await?;
    transaction.fetch_all(PATIENCE, &[]).await?;
    let row = transaction.fetch_one("SELECT pg_export_snapshot() AS snapshot", &[]).await?;
    Ok(Held { snapshot: row.get("snapshot")?, transaction })
}

impl Held {
    /// Reads every table once. The server does the work; nothing of a row comes here.
    pub async fn contents(&mut self) -> Result<Contents, StorageError> {
        let mut contents = Contents::default();
        for table in self.transaction.fetch_all(TABLES, &[]).await? {
            let name: String = table.get("name")?;
            let columns: Option<String> = table.get("columns")?;
            let sql = format!(
                "SELECT {COUNT} (SELECT ROW({})::text COLLATE \"C\" AS line FROM ONLY {name} AS t OFFSET 0) AS lines",
                columns.unwrap_or_default()
            );
            let counted = self.transaction.fetch_one(&sql, &[]).await?;
            contents.add(name, &counted)?;
        }
        let sql = format!(
            "SELECT {COUNT} (SELECT (oid::text || ' ' || encode(lo_get(oid, 0, 16777216), 'hex')) COLLATE \"C\" \
             AS line FROM pg_largeobject_metadata OFFSET 0) AS lines"
        );
        let counted = self.transaction.fetch_one(&sql, &[]).await?;
        if counted.get::<i64>("rows")? > 0 {
            contents.add(LARGE_OBJECTS.to_owned(), &counted)?;
        }
        Ok(contents)
    }

    /// Lets it go.
    pub async fn release(self) -> Result<(), StorageError> {
        self.transaction.rollback().await
    }
}

impl Contents {
    fn add(&mut self, name: String, counted: &Row) -> Result<(), StorageError> {
        let rows: u64 = counted.get("rows")?;
        let sum = |column| counted.get::<Option<String>>(column).map(Option::unwrap_or_default);
        let text = format!("{rows} {} {}", sum("first")?, sum("second")?);
        let hash: [u8; 32] = Sha256::digest(text).into();
        self.content.insert(name.clone(), Hash::from(hash));
        self.rows.insert(name, rows);
        Ok(())
    }
}

/// Version of the server as PostgreSQL counts: 150004 is 15.4.
pub async fn server_version(database: &Database) -> Result<u64, StorageError> {
    let sql = "SELECT current_setting('server_version_num')::bigint AS version";
    database.fetch_one(sql, &[]).await?.get("version")
}

/// The role by which the server knows us, quoted.
pub async fn role(database: &Database) -> Result<String, StorageError> {
    database.fetch_one("SELECT quote_ident(current_user) AS role", &[]).await?.get("role")
}

/// Makes an empty database with the encoding and the sorting of the one that is open, and a note on what it is.
pub async fn create_scratch(database: &Database, name: &str, note: &str) -> Result<(), StorageError> {
    let sql = "SELECT format('ENCODING %L LC_COLLATE %L LC_CTYPE %L', pg_encoding_to_char(encoding), datcollate, \
               datctype) || CASE to_jsonb(d) ->> 'datlocprovider' \
               WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', \
                   coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')) \
               WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', to_jsonb(d) ->> 'datlocale') \
               ELSE '' END AS options FROM pg_database d WHERE datname = current_database()";
    let options: String = database.fetch_one(sql, &[]).await?.get("options")?;
    database.execute(&format!("CREATE DATABASE {} TEMPLATE template0 {options}", quoted(name)), &[]).await?;
    let note = note.replace('\'', "''");
    database.execute(&format!("COMMENT ON DATABASE {} IS '{note}'", quoted(name)), &[]).await.map(drop)
}

/// Drops a database and ends its sessions; one that is not there is well.
pub async fn drop_scratch(database: &Database, name: &str) -> Result<(), StorageError> {
    // The force came with version 13; before it nobody but us is in there.
    let force = if server_version(database).await? >= 130_000 { " WITH (FORCE)" } else { "" };
    database.execute(&format!("DROP DATABASE IF EXISTS {}{force}", quoted(name)), &[]).await.map(drop)
}

/// Databases whose name begins so, each with its note.
pub async fn databases(
    database: &Database,
    prefix: &str,
) -> Result<Vec<(String, Option<String>)>, StorageError> {
    let sql = "SELECT datname::text AS name, shobj_description(oid, 'pg_database') AS note FROM pg_database \
               WHERE starts_with(datname::text, $1) ORDER BY 1";
    let rows = database.fetch_all(sql, &params![prefix]).await?;
    rows.iter().map(|row| Ok((row.get("name")?, row.get("note")?))).collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

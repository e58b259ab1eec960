//! The image of a database, page by page out of one read transaction.

use std::{
    io::{self, Read},
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};

use anyhow::{Context, bail};
use keeper_core::ledger::Hash;
use rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::engine;
use crate::backup::freeze::{Digest, Learnt};

/// Pages are handed over in blocks of this size, which the processor's cache still holds when they are taken.
const BLOCK_BYTES: usize = 256 << 10;
/// So many blocks may wait for whoever reads.
const WAITING: usize = 8;

/// What a database will be as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Image {
    page_bytes: u64,
    pages: u64,
}

impl Image {
    /// The one that the connection's read transaction sees.
    pub(super) fn of(connection: &Connection) -> anyhow::Result<Self> {
        let page_bytes = engine::number(connection, "PRAGMA main.page_size")?;
        let pages = engine::number(connection, "PRAGMA main.page_count")?;
        Ok(Self { page_bytes, pages })
    }

    /// Its size; a database in which nothing was ever made has none.
    pub(super) fn size_bytes(self) -> u64 {
        self.page_bytes.saturating_mul(self.pages)
    }
}

/// Hands over every page in order, in blocks. The page at 1 GiB that SQLite uses for its locks comes as zeroes.
pub(super) fn each_block(
    connection: &Connection,
    image: Image,
    stop: &CancellationToken,
    mut take: impl FnMut(Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if image.pages == 0 {
        return Ok(());
    }
    let page_bytes = usize::try_from(image.page_bytes)?;
    let (mut block, mut pages) = (Vec::with_capacity(BLOCK_BYTES), 0_u64);
    let mut statement = connection.prepare(engine::PAGES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next().context("a page could not be read")? {
        let page = row.get_ref(0)?.as_blob()?;
        if page.len() != page_bytes {
            bail!("page {} has {} bytes, not {page_bytes}", pages + 1, page.len());
        }
        block.extend_from_slice(page);
        pages += 1;
        if block.len() + page_bytes > BLOCK_BYTES {
            if stop.is_cancelled() {
                bail!("stopped");
            }
            take(std::mem::replace(&mut block, Vec::with_capacity(BLOCK_BYTES)))?;
        }
    }
    if pages != image.pages {
        bail!("{pages} pages came, the database has {}", image.pages);
    }
    if block.is_empty() { Ok(()) } else { take(block) }
}

enum Message {
    Block(Vec<u8>),
    End(Learnt),
    Failed(String),
}

/// Reads the image while a thread of its own asks the engine for pages; the transaction ends with it.
pub(super) struct Flow {
    blocks: Option<Receiver<Message>>,
    block: Vec<u8>,
    taken: usize,
    digest: Digest,
    halt: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Flow {
    /// Starts reading. After the last page `learn` is asked, still inside the transaction, for what else is to be
    /// known; its answer, with the hash, is what `digest` is set to.
    pub(super) fn start(
        connection: Connection,
        image: Image,
        digest: Digest,
        stop: &CancellationToken,
        learn: impl FnOnce(&Connection, Hash, &CancellationToken) -> anyhow::Result<Learnt> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, blocks) = mpsc::sync_channel(WAITING);
        let halt = stop.child_token();
        let halted = halt.clone();
        let work = move || {
            let end = match send_pages(&connection, image, &halted, &sender) {
                Ok(hash) => learn(&connection, hash, &halted).map(Message::End),
                Err(error) => Err(error),
            };
            drop(connection);
            // Nobody may be listening any more.
            let _ = sender.send(end.unwrap_or_else(|error| Message::Failed(format!("{error:#}"))));
        };
        let thread = thread::Builder::new().name("sqlite pages".to_owned()).spawn(work)?;
        Ok(Self { blocks: Some(blocks), block: Vec::new(), taken: 0, digest, halt, thread: Some(thread) })
    }
}

fn send_pages(
    connection: &Connection,
    image: Image,
    stop: &CancellationToken,
    sender: &SyncSender<Message>,
) -> anyhow::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    each_block(connection, image, stop, |block| {
        hasher.update(&block);
        sender.send(Message::Block(block)).context("nobody reads any more")
    })?;
    Ok(Hash::from(<[u8; 32]>::from(hasher.finalize())))
}

impl Read for Flow {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.block.len() {
            let Some(blocks) = &self.blocks else { return Ok(0) };
            match blocks.recv() {
                Ok(Message::Block(block)) => (self.block, self.taken) = (block, 0),
                Ok(Message::End(learnt)) => {
                    self.digest.set(learnt);
                    self.blocks = None;
                }
                Ok(Message::Failed(reason)) => return Err(io::Error::other(reason)),
                Err(_) => return Err(io::Error::other("the reading of the database ended by itself")),
            }
        }
        let rest = &self.block[self.taken..];
        let length = rest.len().min(into.len());
        into[..length].copy_from_slice(&rest[..length]);
        self.taken += length;
        Ok(length)
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.halt.cancel();
        self.blocks = None;
        if let Some(thread) = self.thread.take() {
            // A panic in it was already told to whoever read.
            let _ = thread.join();
        }
    }
}

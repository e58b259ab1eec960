//! Encryption and compression of the repository's files, as restic does them.

use std::io::Read;

use aes256ctr_poly1305aes::{Aes256CtrPoly1305Aes, aead::Aead};
use rustic_core::repofile::MasterKey;
use uuid::Uuid;
use zstd::bulk::Decompressor;

/// Length of the number in front of every sealed text.
const NONCE: usize = 16;
/// What a compressed file begins with.
const COMPRESSED: u8 = 2;

/// Seals and opens with the key of a repository.
pub(super) struct Seal(Aes256CtrPoly1305Aes);

impl Seal {
    /// With the key under all keys.
    pub(super) fn new(master: &MasterKey) -> Option<Self> {
        Self::of_parts(&master.encrypt, &master.mac.k, &master.mac.r)
    }

    /// With a key in its parts: of encryption, and both of authentication.
    pub(super) fn of_parts(encrypt: &[u8], k: &[u8], r: &[u8]) -> Option<Self> {
        let bytes = [encrypt, k, r].concat();
        let key: [u8; 64] = bytes.try_into().ok()?;
        Some(Self(Aes256CtrPoly1305Aes::new(&key.into())))
    }

    /// Seals a text with a number that is used only once.
    pub(super) fn close(&self, text: &[u8]) -> Option<Vec<u8>> {
        // A random UUID has 122 random bits: as with restic's 128, none ever comes twice.
        let number = Uuid::new_v4().into_bytes();
        let sealed = self.0.encrypt(&number.into(), text).ok()?;
        Some([number.as_slice(), &sealed].concat())
    }

    /// Opens a sealed text; none when it was not sealed with this key, or has been changed since.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (number, sealed) = sealed.split_first_chunk::<NONCE>()?;
        self.0.decrypt(&(*number).into(), sealed).ok()
    }

    /// Opens a whole small file that may be compressed.
    pub(super) fn open_file(&self, sealed: &[u8], limit: u64) -> Option<Vec<u8>> {
        let text = self.open(sealed)?;
        let Some((&COMPRESSED, packed)) = text.split_first() else { return Some(text) };
        let mut text = Vec::new();
        zstd::Decoder::new(packed).ok()?.take(limit).read_to_end(&mut text).ok()?;
        Some(text)
    }
}

/// Opens blobs one after the other; keeps what unpacking needs between them.
pub(super) struct Unpacker {
    seal: Seal,
    unpack: Decompressor<'static>,
}

impl Unpacker {
    /// For one thread.
    pub(super) fn new(master: &MasterKey) -> Option<Self> {
        Some(Self { seal: Seal::new(master)?, unpack: Decompressor::new().ok()? })
    }

    /// The bytes of a blob, unpacked to this length where it is packed.
    pub(super) fn open(&mut self, sealed: &[u8], unpacked: Option<u32>) -> Option<Vec<u8>> {
        let text = self.seal.open(sealed)?;
        let Some(length) = unpacked else { return Some(text) };
        let text = self.unpack.decompress(&text, length as usize).ok()?;
        (text.len() == length as usize).then_some(text)
    }
}

//! The hashes of digest authentication: RFC 7616 §3.3 and §3.4.1 to §3.4.3, RFC 8760 §2.1.

use std::fmt;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// RFC 1321; broken, and still what most trunks ask for.
    Md5,
    /// FIPS 180-4.
    Sha256,
    /// SHA-512/256 of FIPS 180-4, which is not SHA-512 cut short (the example of RFC 7616 §3.9.2 is).
    Sha512T256,
}

/// What a challenge calls `algorithm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Algorithm {
    /// The hash function.
    pub hash: Hash,
    /// The `-sess` variant, whose HA1 also covers nonce and cnonce.
    pub session: bool,
}

impl Algorithm {
    /// `MD5`, which is meant where no algorithm is named.
    pub const MD5: Self = Self { hash: Hash::Md5, session: false };
    /// `MD5-sess`
    pub const MD5_SESS: Self = Self { hash: Hash::Md5, session: true };
    /// `SHA-256`
    pub const SHA_256: Self = Self { hash: Hash::Sha256, session: false };
    /// `SHA-256-sess`
    pub const SHA_256_SESS: Self = Self { hash: Hash::Sha256, session: true };
    /// `SHA-512-256`
    pub const SHA_512_256: Self = Self { hash: Hash::Sha512T256, session: false };
    /// `SHA-512-256-sess`
    pub const SHA_512_256_SESS: Self = Self { hash: Hash::Sha512T256, session: true };

    /// All that there are.
    pub const ALL: [Self; 6] =
        [Self::MD5, Self::MD5_SESS, Self::SHA_256, Self::SHA_256_SESS, Self::SHA_512_256, Self::SHA_512_256_SESS];

    /// The algorithm of this name, in any case.
    pub fn new(name: &str) -> Option<Self> {
        Self::read(name.as_bytes())
    }

    pub(super) fn read(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The name in a challenge.
    pub const fn as_str(self) -> &'static str {
        match (self.hash, self.session) {
            (Hash::Md5, false) => "MD5",
            (Hash::Md5, true) => "MD5-sess",
            (Hash::Sha256, false) => "SHA-256",
            (Hash::Sha256, true) => "SHA-256-sess",
            (Hash::Sha512T256, false) => "SHA-512-256",
            (Hash::Sha512T256, true) => "SHA-512-256-sess",
        }
    }

    /// More is stronger; the two SHA-2 hashes are equals.
    pub(super) fn strength(self) -> u8 {
        match self.hash {
            Hash::Md5 => 0,
            Hash::Sha256 | Hash::Sha512T256 => 1,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Hash {
    /// HA1, `H(username ":" realm ":" password)` in lower-case hexadecimal: what a server may store in place of the
    /// password.
    pub fn ha1(self, username: &str, realm: &str, password: &str) -> String {
        self.joined(&[username.as_bytes(), realm.as_bytes(), password.as_bytes()]).as_str().to_owned()
    }

    /// The hash of `parts` with colons between them.
    pub(super) fn joined(self, parts: &[&[u8]]) -> Hex {
        match self {
            Self::Md5 => joined::<Md5>(parts),
            Self::Sha256 => joined::<Sha256>(parts),
            Self::Sha512T256 => joined::<Sha512_256>(parts),
        }
    }
}

fn joined<D: Digest>(parts: &[&[u8]]) -> Hex {
    let mut digest = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            digest.update(b":");
        }
        digest.update(part);
    }
    Hex::of(&digest.finalize())
}

/// Lower-case hexadecimal digits of at most 32 bytes.
#[derive(Clone, Copy)]
pub(super) struct Hex {
    digits: [u8; 64],
    len: usize,
}

impl Hex {
    /// The digits of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        let mut len = 0;
        for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            len += 2;
        }
        Self { digits, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

/// What an answer proves knowledge of the password for.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) nonce: &'a [u8],
    pub(super) cnonce: &'a [u8],
    /// `nc` as it is written, with `qop=auth`; nothing without qop.
    pub(super) count: Option<&'a [u8]>,
    pub(super) method: &'a [u8],
    pub(super) uri: &'a [u8],
}

impl Proof<'_> {
    /// The `response` (RFC 7616 §3.4.1; without qop that of RFC 2069), from the HA1 of the hash itself.
    pub(super) fn response(&self, ha1: &[u8]) -> Hex {
        let hash = self.algorithm.hash;
        let session = self.algorithm.session.then(|| hash.joined(&[ha1, self.nonce, self.cnonce]));
        let ha1 = session.as_ref().map_or(ha1, Hex::as_bytes);
        let ha2 = hash.joined(&[self.method, self.uri]);
        match self.count {
            Some(count) => hash.joined(&[ha1, self.nonce, count, self.cnonce, b"auth", ha2.as_bytes()]),
            None => hash.joined(&[ha1, self.nonce, ha2.as_bytes()]),
        }
    }
}

/// A name that no algorithm has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no digest algorithm; there are MD5, SHA-256 and SHA-512-256, each also with -sess")]
pub struct UnknownAlgorithm(String);

impl std::str::FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::new(name).ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

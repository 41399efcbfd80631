//! Signatures: the word of whoever holds a key for an archive that comes from elsewhere.
//!
//! A signature is a small file beside the archive, so that an archive is the same bytes signed or not, and can be signed where
//! it was not built. It is JSON:
//!
//! | field | what |
//! |---|---|
//! | `archive` | [`Archive::digest`](crate::Archive::digest) of the archive |
//! | `key` | the public key, 32 bytes in hexadecimal |
//! | `signature` | Ed25519 of `artifact-embed archive FORMAT DIGEST`, 64 bytes in hexadecimal |
//!
//! The digest is of the header, which has the digest of all the rest in it.

use std::borrow::Cow;
use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::archive::{Archive, FORMAT, Header, hex};
use crate::error::Error;

/// Who may vouch for archives: an Ed25519 key. `openssl pkey -in key.pem -pubout` tells that of a private one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Vouches for archives: a private Ed25519 key. `openssl genpkey -algorithm ed25519 -out key.pem` makes one.
pub struct SigningKey(ed25519_dalek::SigningKey);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    archive: String,
    key: String,
    signature: String,
}

impl PublicKey {
    /// The key that is these 32 bytes (RFC 8032).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        let key = VerifyingKey::from_bytes(bytes);
        key.map(Self).map_err(|error| Error::Key(error.to_string()))
    }

    /// The key in a PEM file (`BEGIN PUBLIC KEY`, RFC 8410).
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let key = VerifyingKey::from_public_key_pem(pem);
        key.map(Self).map_err(|error| Error::Key(error.to_string()))
    }
}

/// The 32 bytes in hexadecimal.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl SigningKey {
    /// The key that these 32 bytes are the seed of (RFC 8032).
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The key in a PEM file (`BEGIN PRIVATE KEY`, RFC 8410).
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem);
        key.map(Self).map_err(|error| Error::Key(error.to_string()))
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The content of a signature file for `archive`, none of which was damaged.
    pub fn sign(&self, archive: &[u8]) -> Result<Vec<u8>, Error> {
        let (header, payload) = Header::read(archive)?;
        header.check(payload)?;
        let digest = Header::digest(archive)?;
        let signature = self.0.sign(&message(&digest));
        let signature = Signature {
            archive: digest,
            key: self.public().to_string(),
            signature: hex(&signature.to_bytes()),
        };
        Ok(format!("{}\n", serde_json::json!(signature)).into_bytes())
    }
}

fn message(digest: &str) -> Vec<u8> {
    format!("artifact-embed archive {FORMAT} {digest}").into_bytes()
}

/// Whose signature of the archive with this [digest](Archive::digest) the content of the file is: anybody's, so far.
pub fn signer(digest: &str, signature: &[u8]) -> Result<PublicKey, Error> {
    if signature.is_empty() {
        return Err(Error::NotSigned);
    }
    let Signature {
        archive,
        key,
        signature,
    } = serde_json::from_slice(signature).map_err(|error| Error::Signature(error.to_string()))?;
    let malformed =
        |field: &str| Error::Signature(format!("`{field}` is not hexadecimal of the right length"));
    let key = PublicKey::from_bytes(&bytes(&key).ok_or_else(|| malformed("key"))?)?;
    let signature = bytes(&signature).ok_or_else(|| malformed("signature"))?;
    if archive != digest {
        return Err(Error::SignedOther {
            signed: archive,
            found: digest.to_owned(),
        });
    }
    let signature = ed25519_dalek::Signature::from_bytes(&signature);
    match key.0.verify_strict(&message(digest), &signature) {
        Ok(()) => Ok(key),
        Err(_) => Err(Error::WrongSignature {
            key: key.to_string(),
        }),
    }
}

/// The bytes that `text` is in hexadecimal.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    let decoded: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
            _ => None,
        })
        .collect();
    decoded?.try_into().ok()
}

impl<'a> Archive<'a> {
    /// Takes `bytes` for an archive if `signature`, the content of its signature file, is by one of the `trusted` keys.
    ///
    /// Loading an archive runs the machine code in it: whoever holds a trusted key must be trusted like whoever built this
    /// program.
    ///
    /// # Errors
    ///
    /// As for [`trust`](Self::trust), and if the signature is missing, damaged, of another archive, wrong, or by another key.
    pub fn verify(
        bytes: impl Into<Cow<'a, [u8]>>,
        signature: &[u8],
        trusted: &[PublicKey],
    ) -> Result<Self, Error> {
        #[allow(unsafe_code, reason = "keeps the promise of `trust` by a signature")]
        // SAFETY: the archive is dropped unless somebody whom the caller trusts signed its header's digest. `code` compares all
        // else with the digest in the header before it is used.
        let archive = unsafe { Self::trust(bytes)? };
        let key = signer(archive.digest(), signature)?;
        if !trusted.contains(&key) {
            return Err(Error::UnknownKey {
                key: key.to_string(),
                trusted: trusted.iter().map(ToString::to_string).collect(),
            });
        }
        Ok(archive)
    }
}

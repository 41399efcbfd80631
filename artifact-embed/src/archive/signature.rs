//! Signatures: how the holder of a key vouches for an archive that comes from elsewhere.
//!
//! A signature is a small file next to the archive, so an archive has the same bytes signed or not,
//! and can be signed elsewhere than where it was built. It is JSON:
//!
//! | field | content |
//! |---|---|
//! | `archive` | [`Archive::digest`] of the archive |
//! | `key` | the public key, 32 bytes in hexadecimal |
//! | `signature` | Ed25519 of `artifact-embed archive FORMAT DIGEST`, 64 bytes in hexadecimal |
//!
//! The digest is that of the header, which contains the digest of everything else.

use std::borrow::Cow;
use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ed25519_dalek::{Signer, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::header::{ARCHIVE_FORMAT, Header};
use super::trust::Archive;
use crate::digest::hex;
use crate::error::Error;

/// A public Ed25519 key, with which signatures are verified. `openssl pkey -in key.pem -pubout`
/// prints that of a private one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// A private Ed25519 key, with which archives are signed.
/// `openssl genpkey -algorithm ed25519 -out key.pem` makes one.
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
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if they do not encode a point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, Error> {
        let key = VerifyingKey::from_bytes(bytes);
        key.map(Self)
            .map_err(|error| Error::InvalidKey(error.to_string()))
    }

    /// The key in a PEM file (`BEGIN PUBLIC KEY`, RFC 8410).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if `pem` is something else.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let key = VerifyingKey::from_public_key_pem(pem);
        key.map(Self)
            .map_err(|error| Error::InvalidKey(error.to_string()))
    }
}

/// The 32 bytes in hexadecimal.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(self.0.as_bytes()))
    }
}

impl SigningKey {
    /// The key whose seed is these 32 bytes (RFC 8032).
    pub fn from_bytes(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The key in a PEM file (`BEGIN PRIVATE KEY`, RFC 8410).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if `pem` is something else.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem);
        key.map(Self)
            .map_err(|error| Error::InvalidKey(error.to_string()))
    }

    /// The public key that verifies this key's signatures.
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs `archive`, and returns the content of the signature file.
    ///
    /// # Errors
    ///
    /// As for [`Header::read`], and [`Error::PayloadDigest`] if the payload is damaged.
    pub fn sign(&self, archive: &[u8]) -> Result<Vec<u8>, Error> {
        let (header, payload) = Header::read(archive)?;
        header.check_payload(payload)?;
        let signature = self.0.sign(&message(header.digest()));
        let signature = Signature {
            archive: header.digest().to_owned(),
            key: self.public_key().to_string(),
            signature: hex(&signature.to_bytes()),
        };
        Ok(format!("{}\n", serde_json::json!(signature)).into_bytes())
    }
}

/// Without the secret: only the public key.
impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public_key", &format_args!("{}", self.public_key()))
            .finish_non_exhaustive()
    }
}

fn message(digest: &str) -> Vec<u8> {
    format!("artifact-embed archive {ARCHIVE_FORMAT} {digest}").into_bytes()
}

/// Verifies the content of a signature file for the archive with this [digest](Archive::digest),
/// and returns the key that made it. The key is not yet trusted: compare it with yours.
///
/// # Errors
///
/// [`Error::NotSigned`] if the file is empty, [`Error::MalformedSignature`] or
/// [`Error::InvalidKey`] if it can't be read, [`Error::SignatureForOther`] if it is for another
/// archive, [`Error::BadSignature`] if the key that it names did not make it.
pub fn verify_signer(digest: &str, signature: &[u8]) -> Result<PublicKey, Error> {
    if signature.is_empty() {
        return Err(Error::NotSigned);
    }
    let Signature {
        archive,
        key,
        signature,
    } = serde_json::from_slice(signature)
        .map_err(|error| Error::MalformedSignature(error.to_string()))?;
    let malformed = |field: &str| {
        Error::MalformedSignature(format!("`{field}` is not hexadecimal of the right length"))
    };
    let key = PublicKey::from_bytes(&bytes(&key).ok_or_else(|| malformed("key"))?)?;
    let signature = bytes(&signature).ok_or_else(|| malformed("signature"))?;
    if archive != digest {
        return Err(Error::SignatureForOther {
            signed: archive,
            found: digest.to_owned(),
        });
    }
    let signature = ed25519_dalek::Signature::from_bytes(&signature);
    // Strict: a key of small order has a signature for any message.
    match key.0.verify_strict(&message(digest), &signature) {
        Ok(()) => Ok(key),
        Err(_) => Err(Error::BadSignature {
            key: key.to_string(),
        }),
    }
}

/// Decodes hexadecimal.
fn bytes<const N: usize>(hexadecimal: &str) -> Option<[u8; N]> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let pairs = hexadecimal.as_bytes().chunks(2);
    let decoded: Option<Vec<u8>> = pairs
        .map(|pair| match pair {
            [high, low] => Some((digit(high)? * 16 + digit(low)?) as u8),
            _ => None,
        })
        .collect();
    decoded?.try_into().ok()
}

impl<'a> Archive<'a> {
    /// Takes `bytes` as an archive if `signature`, the content of its signature file, was made by
    /// one of the `trusted` keys.
    ///
    /// Loading an archive runs the machine code in it: the holder of a trusted key must be trusted
    /// like the author of this program.
    ///
    /// # Errors
    ///
    /// As for [`trust`](Self::trust) and [`verify_signer`], and [`Error::UntrustedKey`] if the
    /// signature is good but made by another key.
    pub fn verify(
        bytes: impl Into<Cow<'a, [u8]>>,
        signature: &[u8],
        trusted: &[PublicKey],
    ) -> Result<Self, Error> {
        #[allow(
            unsafe_code,
            reason = "a signature fulfils what `trust` asks of its caller"
        )]
        // SAFETY: the archive is returned only if a key that the caller trusts signed its header's
        // digest. `code` compares everything else with the digest in the header before it is used.
        let archive = unsafe { Self::trust(bytes)? };
        let key = verify_signer(archive.digest(), signature)?;
        if !trusted.contains(&key) {
            return Err(Error::UntrustedKey {
                key: key.to_string(),
                trusted: trusted.iter().map(ToString::to_string).collect(),
            });
        }
        Ok(archive)
    }
}

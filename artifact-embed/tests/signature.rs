//! What a signature vouches for, and each way in which it does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod common;

use artifact_embed::{Archive, Backing, Error, Header, PublicKey, SigningKey, verify_signer};
use common::{answer, archive, loader, with_header};
use serde_json::{Value, json};

/// The key of RFC 8410, section 10.3, as openssl writes it.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

fn keys() -> (SigningKey, PublicKey) {
    (
        SigningKey::from_pem(PRIVATE).unwrap(),
        PublicKey::from_pem(PUBLIC).unwrap(),
    )
}

fn sign(key: &SigningKey, archive: &[u8]) -> Vec<u8> {
    key.sign(archive).unwrap()
}

/// The signature file with a field changed.
fn changed(signature: &[u8], field: &str, change: impl FnOnce(&str) -> Value) -> Vec<u8> {
    let mut signature: Value = serde_json::from_slice(signature).unwrap();
    signature[field] = change(signature[field].as_str().unwrap());
    signature.to_string().into_bytes()
}

fn verify(archive: &[u8], signature: &[u8], trusted: &[PublicKey]) -> Result<(), Error> {
    let archive = Archive::verify(archive, signature, trusted)?;
    let loader = loader().with_backings([Backing::Memory]);
    let loaded = loader.load(&archive)?;
    assert_eq!(answer(&loader, &loaded), 42);
    Ok(())
}

#[test]
fn an_archive_that_a_trusted_key_signed_loads() {
    let (private, public) = keys();
    assert_eq!(private.public_key(), public);
    let other = SigningKey::from_bytes(&[7; 32]);
    let archive = archive();
    for key in [&private, &other] {
        let signature = sign(key, &archive);
        verify(&archive, &signature, &[public, other.public_key()]).unwrap();
        assert_eq!(sign(key, &archive), signature);
    }
    let key = PublicKey::from_bytes(&[
        0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b,
        0x96, 0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31,
        0x66, 0xe1,
    ]);
    assert_eq!(key.unwrap(), public);
}

#[test]
fn every_way_of_not_being_signed_is_an_error_of_its_own() {
    let (private, public) = keys();
    let archive = archive();
    let good = sign(&private, &archive);
    let trusted = [public];
    let refused = |signature: &[u8]| verify(&archive, signature, &trusted).unwrap_err();

    assert!(matches!(refused(b""), Error::NotSigned));
    for broken in [
        &b"{}"[..],
        b"-----BEGIN SSH SIGNATURE-----",
        &good[..good.len() / 2],
        &changed(&good, "key", |key| json!(key[2..])),
        &changed(&good, "key", |key| json!(format!("{key}00"))),
        &changed(&good, "signature", |text| json!(text[1..])),
        &changed(&good, "signature", |text| {
            json!(format!("zz{}", &text[2..]))
        }),
        &changed(&good, "signature", |text| json!(format!("é{}", &text[2..]))),
        &changed(&good, "archive", |_| json!(1)),
    ] {
        let error = refused(broken);
        assert!(matches!(error, Error::MalformedSignature(_)), "{error}");
    }

    let stranger = SigningKey::from_bytes(&[7; 32]);
    let error = refused(&sign(&stranger, &archive));
    assert!(
        matches!(&error, Error::UntrustedKey { key, trusted } if *key == stranger.public_key().to_string() && *trusted == [public.to_string()]),
        "{error}"
    );
    let error = verify(&archive, &good, &[]).unwrap_err();
    assert!(matches!(error, Error::UntrustedKey { .. }), "{error}");

    // Somebody else's signature under a trusted name.
    let forged = changed(&sign(&stranger, &archive), "key", |_| {
        json!(public.to_string())
    });
    let error = refused(&forged);
    assert!(
        matches!(&error, Error::BadSignature { key } if *key == public.to_string()),
        "{error}"
    );
    // The identity is a key of small order, for which any message has a signature.
    let weak = format!("01{}", "00".repeat(31));
    let nothing = format!("{weak}{}", "00".repeat(32));
    let forged = changed(&good, "key", |_| json!(weak));
    let error = refused(&changed(&forged, "signature", |_| json!(nothing)));
    assert!(matches!(&error, Error::BadSignature { .. }), "{error}");

    let other = with_header(&archive, |header| {
        header["component_digest"] = json!("another")
    });
    let error = verify(&other, &good, &trusted).unwrap_err();
    assert!(matches!(error, Error::SignatureForOther { .. }), "{error}");
    // The same with the right digest in the file.
    let other_digest = sign(&stranger, &other);
    let relabelled: Value = serde_json::from_slice(&other_digest).unwrap();
    let relabelled = changed(&good, "archive", |_| relabelled["archive"].clone());
    let error = verify(&other, &relabelled, &trusted).unwrap_err();
    assert!(matches!(error, Error::BadSignature { .. }), "{error}");
}

#[test]
fn every_flipped_bit_of_archive_and_signature_is_noticed() {
    let (private, public) = keys();
    let archive = archive();
    let signature = sign(&private, &archive);
    for at in 0..archive.len() {
        let mut flipped = archive.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(private.sign(&flipped).is_err(), "{at}");
        assert!(verify(&flipped, &signature, &[public]).is_err(), "{at}");
    }
    let hexadecimal = |byte: u8| byte.is_ascii_hexdigit();
    for at in 0..signature.len() {
        let mut flipped = signature.clone();
        flipped[at] ^= 1 << (at % 8);
        // Case, and white space around the fields, have no meaning.
        let same = hexadecimal(signature[at]) && flipped[at].eq_ignore_ascii_case(&signature[at]);
        let result = Archive::verify(archive.as_slice(), &flipped, &[public]);
        assert!(
            result.is_err() || same || signature[at].is_ascii_whitespace(),
            "{at}"
        );
    }
}

#[test]
fn what_is_not_a_key_is_refused() {
    for pem in ["", "key", PUBLIC] {
        let error = SigningKey::from_pem(pem).unwrap_err();
        assert!(matches!(error, Error::InvalidKey(_)), "{error}");
    }
    for pem in ["", PRIVATE] {
        let error = PublicKey::from_pem(pem).unwrap_err();
        assert!(matches!(error, Error::InvalidKey(_)), "{error}");
    }
}

#[test]
fn the_signer_can_be_verified_without_trust() {
    let (private, public) = keys();
    let archive = archive();
    let signature = sign(&private, &archive);
    let (header, _) = Header::read(&archive).unwrap();
    assert_eq!(verify_signer(header.digest(), &signature).unwrap(), public);
}

#[test]
fn a_signing_key_is_not_shown() {
    let (private, public) = keys();
    let shown = format!("{private:?}");
    assert!(shown.contains(&public.to_string()), "{shown}");
    // The private half in the PEM file above, as it would be shown in hexadecimal or decimal.
    assert!(
        !shown.contains("d4ee72db") && !shown.contains("212, 238"),
        "{shown}"
    );
}

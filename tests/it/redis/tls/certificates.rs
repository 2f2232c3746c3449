//! Certificates, made for one test.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// A folder with what an authority proves itself by, and with what a server may show, whose key is `key.pem`:
///
/// - `authority.pem`, and `stranger.pem`, which is another;
/// - `server.pem`, which the authority has signed for this machine;
/// - `of_another_name.pem` and `of_the_past.pem`, which it has signed for something else;
/// - `of_a_stranger.pem` and `of_an_impostor.pem`, which others have signed, the second in the authority's name;
/// - `of_itself.pem`, which nobody else has.
pub(super) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    pub(super) fn new() -> Self {
        let folder = env::temp_dir().join(format!("mcp-policy-certificates-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let certificates = Self { folder };

        let [authority, stranger, impostor] = ["authority", "stranger", "authority"].map(issuer);
        certificates.write("authority.pem", &authority.pem());
        certificates.write("stranger.pem", &stranger.pem());
        let key = KeyPair::generate().unwrap();
        certificates.write("key.pem", &key.serialize_pem());
        let here = subject("server", &["127.0.0.1", "localhost"]);
        let elsewhere = subject("server", &["127.0.0.2", "redis.example.com"]);
        let mut over = here.clone();
        over.not_after = date_time_ymd(2020, 1, 1);
        for (name, subject, issuer) in [
            ("server.pem", &here, &authority),
            ("of_another_name.pem", &elsewhere, &authority),
            ("of_the_past.pem", &over, &authority),
            ("of_a_stranger.pem", &here, &stranger),
            ("of_an_impostor.pem", &here, &impostor),
        ] {
            certificates.write(name, &subject.signed_by(&key, issuer).unwrap().pem());
        }
        certificates.write("of_itself.pem", &here.self_signed(&key).unwrap().pem());
        certificates
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // Whatever comes of it: this may run because a test has failed.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn issuer(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut subject = subject(name, &[]);
    subject.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    subject.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(subject, KeyPair::generate().unwrap()).unwrap()
}

fn subject(name: &str, addresses: &[&str]) -> CertificateParams {
    let addresses: Vec<_> = addresses.iter().map(|address| (*address).to_owned()).collect();
    let mut subject = CertificateParams::new(addresses).unwrap();
    subject.distinguished_name.push(DnType::CommonName, name);
    subject
}

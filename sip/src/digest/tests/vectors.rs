//! Published vectors, and others made of the same words by another implementation (Python's hashlib).

use super::super::algorithm::Proof;
use super::*;

const NONCE: &[u8] = b"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE: &[u8] = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

fn proof(algorithm: Algorithm) -> Proof<'static> {
    let count = Some(b"00000001".as_slice());
    Proof { algorithm, nonce: NONCE, cnonce: CNONCE, count, method: b"GET", uri: b"/dir/index.html" }
}

#[test]
fn the_examples_of_rfc_7616_are_reproduced_with_every_algorithm() {
    let vectors = [
        // RFC 7616 §3.9.1.
        (Algorithm::MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm::SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        // The same words by hashlib.
        (Algorithm::MD5_SESS, "e783283f46242139c486a698fec7211d"),
        (Algorithm::SHA_256_SESS, "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7"),
        (Algorithm::SHA_512_256, "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0"),
        (Algorithm::SHA_512_256_SESS, "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e"),
    ];
    for (algorithm, expected) in vectors {
        let ha1 = algorithm.hash.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(proof(algorithm).response(ha1.as_bytes()).as_str(), expected, "{algorithm}");
    }
}

#[test]
fn sha_512_256_is_the_hash_of_that_name_and_no_truncated_sha_512() {
    // The words of RFC 7616 §3.9.2, whose printed values are of SHA-512 cut short.
    let hash = Hash::Sha512T256;
    let userhash = hash.joined(&["Jäsøn Doe".as_bytes(), b"api@example.org"]);
    assert_eq!(userhash.as_str(), "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    let ha1 = hash.ha1("Jäsøn Doe", "api@example.org", "Secret, or not?");
    let proof = Proof {
        algorithm: Algorithm::SHA_512_256,
        nonce: b"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        cnonce: b"NTg6RKcb9boFIAS3KrFK9BGeh+niz/sm",
        count: Some(b"00000001"),
        method: b"GET",
        uri: b"/doe.json",
    };
    let expected = "7a4e1192babbba02e91182d2895bfdbf7adafc6e48d4e517ca301974843d840c";
    assert_eq!(proof.response(ha1.as_bytes()).as_str(), expected);
}

#[test]
fn with_and_without_qop_the_example_of_rfc_2617_is_reproduced() {
    let ha1 = Hash::Md5.ha1("Mufasa", "testrealm@host.com", "Circle Of Life");
    let nonce = b"dcd98b7102dd2f0e8b11d0f600bfb0c093".as_slice();
    let with = Proof { nonce, cnonce: b"0a4f113b", ..proof(Algorithm::MD5) };
    assert_eq!(with.response(ha1.as_bytes()).as_str(), "6629fae49393a05397450978507c4ef1");
    let without = Proof { count: None, ..with };
    assert_eq!(without.response(ha1.as_bytes()).as_str(), "670fd8c2df070c60b045671b8b24ff02");
}

#[test]
fn the_count_is_hashed_in_hexadecimal_over_its_whole_range() {
    let vectors = [("00000010", "698ffd0803e1d970b1bab5a6c5fa47e0"), ("ffffffff", "5276addb04c737a8513228a213d678fd")];
    let ha1 = Hash::Md5.ha1("alice", "atlanta.example.com", "secret");
    for (count, expected) in vectors {
        let proof = Proof {
            algorithm: Algorithm::MD5,
            nonce: b"84a4cc6f3082121f32b42a2187831a9e",
            cnonce: b"0a4f113b",
            count: Some(count.as_bytes()),
            method: b"REGISTER",
            uri: b"sip:atlanta.example.com",
        };
        assert_eq!(proof.response(ha1.as_bytes()).as_str(), expected);
    }
}

#[test]
fn algorithm_names_are_read_in_any_case_and_no_other_is() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::new(&algorithm.as_str().to_ascii_lowercase()), Some(algorithm));
    }
    for name in ["", "SHA-512", "SHA-256 ", "SHA256", "MD5-session", "AKAv1-MD5"] {
        assert_eq!(Algorithm::new(name), None);
    }
}

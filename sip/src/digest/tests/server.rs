//! What the server asks for, believes, and believes once only.

use super::*;

struct Line {
    server: Server,
    client: Client,
    now: Instant,
}

impl Line {
    fn new(settings: Settings) -> Self {
        let now = epoch();
        let server = Server::new(Settings { realm: "example.com".into(), ..settings }, [9; 32], &mut rng(), now);
        Self { server, client: Client::new(credentials()), now }
    }

    fn with(algorithm: Algorithm) -> Self {
        Self::new(Settings { algorithms: vec![algorithm], ..Settings::default() })
    }

    fn sent(&mut self) -> Request {
        let mut request = register();
        self.client.authorize(&mut request);
        request
    }

    fn verify(&mut self, request: &Request) -> Verdict {
        self.server.verify(request, Side::Server, password, self.now)
    }

    /// Refuses a request and hands the challenge to the client.
    fn challenge(&mut self, request: &Request, stale: bool) -> Result<Next, Refusal> {
        let mut refusal = response(401, &[]);
        self.server.challenge(&mut refusal, Side::Server, stale, self.now);
        self.client.handle_response(request, &refusal, &mut rng())
    }

    /// A request with a good answer.
    fn answered(&mut self) -> Request {
        let request = self.sent();
        self.challenge(&request, false).unwrap();
        self.sent()
    }
}

fn password(username: &Text, _: Algorithm) -> Option<Secret> {
    (*username == "alice").then(|| Secret::Password("secret".into()))
}

fn accepted() -> Verdict {
    Verdict::Accepted { username: "alice".into() }
}

#[test]
fn client_and_server_agree_on_every_algorithm_by_password_and_by_stored_hash() {
    for algorithm in Algorithm::ALL {
        let mut line = Line::with(algorithm);
        let request = line.sent();
        assert_eq!(line.verify(&request), Verdict::Unanswered);
        let request = line.answered();
        assert_eq!(line.verify(&request), accepted(), "{algorithm}");
        let request = line.sent();
        let stored = |_: &Text, asked: Algorithm| {
            assert_eq!(asked, algorithm);
            Some(Secret::Ha1(asked.hash.ha1("alice", "example.com", "secret").to_uppercase().into()))
        };
        assert_eq!(line.server.verify(&request, Side::Server, stored, line.now), accepted(), "{algorithm}");
    }
}

#[test]
fn a_proxy_is_answered_in_its_own_header_field() {
    let mut line = Line::with(Algorithm::MD5);
    let mut refusal = response(407, &[]);
    line.server.challenge(&mut refusal, Side::Proxy, false, line.now);
    line.client.handle_response(&register(), &refusal, &mut rng()).unwrap();
    let request = line.sent();
    assert_eq!(line.verify(&request), Verdict::Unanswered);
    assert_eq!(line.server.verify(&request, Side::Proxy, password, line.now), accepted());
}

#[test]
fn each_algorithm_is_offered_once_in_order_with_qop() {
    let mut line = Line::new(Settings::default());
    let mut refusal = response(401, &[]);
    line.server.challenge(&mut refusal, Side::Server, true, line.now);
    let values: Vec<_> = refusal.headers.all(&HeaderName::WwwAuthenticate).collect();
    let algorithms: Vec<_> = values.iter().map(|value| param_of(value, "algorithm")).collect();
    assert_eq!(algorithms, ["SHA-256", "MD5"]);
    assert!(values.iter().all(|value| param_of(value, "qop") == "auth" && param_of(value, "stale") == "true"));
}

#[test]
fn an_unknown_user_and_a_wrong_password_look_the_same() {
    let mut line = Line::with(Algorithm::SHA_256);
    let request = line.answered();
    assert_eq!(line.server.verify(&request, Side::Server, |_, _| None, line.now), Verdict::Refused);
    let wrong = |_: &Text, _| Some(Secret::Password("other".into()));
    assert_eq!(line.server.verify(&request, Side::Server, wrong, line.now), Verdict::Refused);
    let wrong = |_: &Text, _| Some(Secret::Ha1(Text::new()));
    assert_eq!(line.server.verify(&request, Side::Server, wrong, line.now), Verdict::Refused);
    assert_eq!(line.verify(&request), accepted(), "what was refused has used up nothing");
}

#[test]
fn an_answer_is_good_once() {
    let mut line = Line::with(Algorithm::SHA_256);
    let (one, other) = (line.answered(), line.sent());
    assert_eq!(line.verify(&other), accepted());
    assert_eq!(line.verify(&one), accepted(), "a little late");
    assert_eq!(line.verify(&one), Verdict::Stale);
    assert_eq!(line.verify(&other), Verdict::Stale);
    assert_eq!(line.challenge(&other, true), Ok(Next::Retry));
    let request = line.sent();
    assert_eq!(line.verify(&request), accepted());
}

#[test]
fn an_expired_nonce_is_stale_to_whoever_knows_the_password_and_a_refusal_to_others() {
    let mut line = Line::with(Algorithm::SHA_256);
    let request = line.answered();
    line.now += Duration::from_millis(299_999);
    assert_eq!(line.verify(&request), accepted());
    let request = line.sent();
    line.now += Duration::from_millis(1);
    assert_eq!(line.verify(&request), Verdict::Stale);
    assert_eq!(line.server.verify(&request, Side::Server, |_, _| None, line.now), Verdict::Refused);
}

#[test]
fn the_nonce_of_another_start_with_the_same_key_is_stale() {
    let mut line = Line::with(Algorithm::SHA_256);
    let request = line.answered();
    let mut other_rng = StdRng::seed_from_u64(8);
    line.server = Server::new(line.server.settings().clone(), [9; 32], &mut other_rng, line.now);
    assert_eq!(line.verify(&request), Verdict::Stale);
}

#[test]
fn a_nonce_with_one_digit_changed_is_not_ours() {
    let mut line = Line::with(Algorithm::MD5);
    let nonce = param(&line.answered(), "nonce");
    assert!(line.server.nonces.read(nonce.as_bytes()).is_some());
    for at in 0..nonce.len() {
        let mut forged = nonce.clone().into_bytes();
        let digit = forged.get_mut(at).unwrap();
        *digit = if *digit == b'0' { b'1' } else { b'0' };
        assert_eq!(line.server.nonces.read(&forged), None);
    }
    for other in ["", "0", &nonce.to_uppercase(), &format!("{nonce}0"), nonce.get(..48).unwrap()] {
        assert_eq!(line.server.nonces.read(other.as_bytes()), None);
    }
}

#[test]
fn the_users_answer_for_another_user_part_or_method_is_refused() {
    let mut line = Line::with(Algorithm::MD5);
    let request = line.answered();
    let mut other = request.clone();
    other.uri = "sip:0900@example.com".parse().unwrap();
    assert_eq!(line.verify(&other), Verdict::Refused);
    other = request.clone();
    other.method = Method::Invite;
    assert_eq!(line.verify(&other), Verdict::Refused);
    other = request;
    other.uri = "sip:192.0.2.1:5070;transport=tcp".parse().unwrap();
    assert_eq!(line.verify(&other), accepted(), "a proxy has rewritten the host");
}

#[test]
fn an_answer_by_an_algorithm_that_was_not_offered_is_refused() {
    let mut line = Line::with(Algorithm::SHA_256);
    let request = line.answered();
    for algorithm in ["MD5", "SHA-1", ""] {
        let mut weak = request.clone();
        let value = request.headers.get(&HeaderName::Authorization).unwrap().to_string();
        weak.headers.set(HeaderName::Authorization, value.replace("SHA-256", algorithm));
        assert_eq!(line.verify(&weak), Verdict::Refused);
    }
}

#[test]
fn an_old_answer_without_qop_is_good_once() {
    let mut line = Line::with(Algorithm::MD5);
    let mut refusal = response(401, &[]);
    line.server.challenge(&mut refusal, Side::Server, false, line.now);
    let value = refusal.headers.get(&HeaderName::WwwAuthenticate).unwrap().to_string();
    let old = challenge(&value.replace(", qop=\"auth\"", ""));
    line.client.handle_response(&register(), &old, &mut rng()).unwrap();
    let request = line.sent();
    assert_eq!(line.verify(&request), accepted());
    assert_eq!(line.verify(&request), Verdict::Stale);
}

#[test]
fn a_flood_of_users_never_makes_an_answer_good_twice_nor_the_ledger_larger() {
    let mut line = Line::new(Settings { max_nonces: 16, ..Settings::default() });
    let mut requests = Vec::new();
    for _ in 0..200 {
        line.client = Client::new(credentials());
        let request = line.answered();
        assert_eq!(line.verify(&request), accepted());
        requests.push(request);
    }
    assert!(requests.iter().all(|request| line.verify(request) == Verdict::Stale));
    assert_eq!(line.server.ledger.len(), 16);
}

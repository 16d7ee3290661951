//! A web server for tools: it answers by plan, and writes down what it was asked.

use super::door::Authority;
use crate::support::{HOME, patiently};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::serve::Listener;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    pub(crate) method: String,
    pub(crate) path: String,
    /// As it came, percent-encoded.
    pub(crate) query: Option<String>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, which is to be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}

/// What a request is answered by.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    delay: Duration,
    held: bool,
    broken: bool,
}

impl Answer {
    pub(crate) fn json(value: &Value) -> Self {
        Self::text(200, &value.to_string()).header("Content-Type", "application/json")
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        let (headers, body) = (Vec::new(), body.to_owned());
        Self { status, headers, body, delay: Duration::ZERO, held: false, broken: false }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// It is given after so long.
    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// It is given at [`WebServer::release`].
    pub(crate) fn held(self) -> Self {
        Self { held: true, ..self }
    }

    /// The connection breaks where the body should end.
    pub(crate) fn broken(self) -> Self {
        Self { broken: true, ..self }
    }

    fn response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if !self.broken {
            return response.body(Body::from(self.body)).unwrap();
        }
        let pieces = [Ok(Bytes::from(self.body)), Err(std::io::Error::other("broken by plan"))];
        response.body(Body::from_stream(futures_util::stream::iter(pieces))).unwrap()
    }
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    answers: Mutex<VecDeque<Answer>>,
    otherwise: Mutex<Answer>,
    came: watch::Sender<usize>,
    released: watch::Sender<bool>,
}

/// A web server. It is gone when it is dropped.
pub(crate) struct WebServer {
    address: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl WebServer {
    /// Listens without TLS, and answers everything by `{}`.
    pub(crate) fn start() -> Self {
        Self::new(None)
    }

    /// Listens with TLS, by a certificate of this authority.
    pub(crate) fn start_tls(authority: &Authority) -> Self {
        Self::new(Some(authority.acceptor()))
    }

    fn new(tls: Option<TlsAcceptor>) -> Self {
        let listener = std::net::TcpListener::bind((HOME, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let tcp = TcpListener::from_std(listener).unwrap();
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            answers: Mutex::default(),
            otherwise: Mutex::new(Answer::json(&Value::Object(serde_json::Map::new()))),
            came: watch::Sender::new(0),
            released: watch::Sender::new(false),
        });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let encrypted = tls.is_some();
        let serving = tokio::spawn(async move {
            let served = match tls {
                None => axum::serve(tcp, app).await,
                Some(acceptor) => axum::serve(Tls { tcp, acceptor }, app).await,
            };
            served.unwrap();
        });
        Self { address, tls: encrypted, shared, serving }
    }

    /// Where a path of it is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.tls { "https" } else { "http" }, self.address)
    }

    /// How the next request is answered that isn't planned for yet.
    pub(crate) fn answer(&self, answer: Answer) {
        self.shared.answers.lock().unwrap().push_back(answer);
    }

    /// How all others are.
    pub(crate) fn otherwise(&self, answer: Answer) {
        *self.shared.otherwise.lock().unwrap() = answer;
    }

    /// Gives what is [held](Answer::held), and what will be.
    pub(crate) fn release(&self) {
        self.shared.released.send_replace(true);
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits for the request at this place, from 0.
    pub(crate) async fn until_request(&self, place: usize) -> Request {
        let mut came = self.shared.came.subscribe();
        patiently("a request", came.wait_for(|requests| *requests > place)).await.unwrap();
        self.requests()[place].clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let headers = headers.iter();
    let request = Request {
        at: Instant::now(),
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: uri.query().map(str::to_owned),
        headers: headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let planned = shared.answers.lock().unwrap().pop_front();
    let answer = planned.unwrap_or_else(|| shared.otherwise.lock().unwrap().clone());
    shared.requests.lock().unwrap().push(request);
    shared.came.send_modify(|requests| *requests += 1);
    if answer.held {
        drop(shared.released.subscribe().wait_for(|released| *released).await);
    }
    tokio::time::sleep(answer.delay).await;
    answer.response()
}

/// A port whose connections are encrypted.
struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (tcp, address) = self.tcp.accept().await.unwrap();
            // Whoever doesn't trust us hangs up.
            if let Ok(stream) = self.acceptor.accept(tcp).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

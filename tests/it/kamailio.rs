//! kamailio as registrar and proxy: we register with it by digest, are called through it, and call through it.

use crate::programs::{PATIENCE, Program, Scratch, finish, free_port, text, until_bound};
use crate::sound::until_sound;
use crate::support::{HOME, event, patiently, peer, phone, server, talkpath};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;
use talkpath::call::CallEventKind;
use talkpath::phone::DialOptions;
use talkpath::server::Server;
use talkpath::trunk::Standing;
use tokio::sync::watch;

const PASSWORD: &str = "correct horse";

/// kamailio, running; every REGISTER, and every INVITE of a user whose name begins with 1, is challenged.
struct Proxy {
    program: Program,
    port: u16,
    /// Where its configuration lies.
    _scratch: Scratch,
}

impl Proxy {
    fn start(algorithm: &str) -> Self {
        let both = |port: &u16| std::net::TcpListener::bind((HOME, *port)).is_ok();
        Self::start_at(std::iter::repeat_with(free_port).find(both).unwrap(), algorithm)
    }

    fn start_at(port: u16, algorithm: &str) -> Self {
        let scratch = Scratch::new();
        let file = scratch.file("kamailio.cfg", &configuration(port, algorithm));
        let mut command = Command::new("kamailio");
        command.args(["-f", &file.display().to_string(), "-DD", "-E", "-m", "64", "-M", "8", "-n", "2", "-N", "2"]);
        command.args(["-Y", &scratch.path().display().to_string()]);
        let program = Program::start(command.process_group(0));
        assert!(until_bound(port, || false), "kamailio does not listen; it said: {:?}", program.said());
        Self { program, port, _scratch: scratch }
    }

    fn address(&self) -> SocketAddr {
        (HOME, self.port).into()
    }

    /// Gone without a word; its registrations were in memory only. Gives the port that it had.
    fn stop(self) -> u16 {
        self.port
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It is of several processes, and asked to end too early it leaves some behind.
        self.program.kill_group();
        self.program.ended();
    }
}

fn configuration(port: u16, algorithm: &str) -> String {
    let modules = ["tm", "sl", "rr", "pv", "maxfwd", "textops", "siputils", "usrloc", "registrar", "auth"];
    let modules: String = modules.iter().map(|module| format!("loadmodule \"{module}.so\"\n")).collect();
    format!(
        r#"#!KAMAILIO
debug=1
log_stderror=yes
fork=yes
auto_aliases=no
tcp_connection_lifetime=3600
tcp_crlf_ping=yes
listen=udp:{HOME}:{port}
listen=tcp:{HOME}:{port}
{modules}modparam("auth", "algorithm", "{algorithm}")
modparam("registrar", "default_expires", 60)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) {{ t_relay(); }} exit; }}
        sl_send_reply("404", "Not here"); exit;
    }}
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("talkpath.test", "{PASSWORD}", "0")) {{
            www_challenge("talkpath.test", "1"); exit;
        }}
        save("location"); exit;
    }}
    if (is_method("INVITE")) {{
        record_route();
        if ($fU =~ "^1") {{
            if (!pv_proxy_authenticate("talkpath.test", "{PASSWORD}", "0")) {{
                proxy_challenge("talkpath.test", "1"); exit;
            }}
            consume_credentials();
        }}
    }}
    if (!lookup("location")) {{ sl_send_reply("404", "Nobody of that name"); exit; }}
    t_relay();
}}
"#
    )
}

/// A configuration's trunk.
fn trunk(proxy: SocketAddr, transport: &str, user: &str, password: &str) -> String {
    format!(
        "[[trunk]]\nname = \"pbx\"\nregistrar = \"sip:{proxy};transport={transport}\"\nusername = \"{user}\"\n\
         password = \"{password}\"\n[[route]]\nname = \"by trunk\"\nmatch = {{ trunk = \"pbx\", to = \"{user}\" }}\n\
         action = {{ agent = \"receptionist\" }}\n"
    )
}

fn standing(server: &Server) -> watch::Receiver<Standing> {
    server.context().trunks.named("pbx").unwrap().standing()
}

async fn registered(server: &Server, wanted: bool) {
    let mut trunk = standing(server);
    let waited = trunk.wait_for(|status| status.is_registered() == wanted);
    // What is waited for is a lock on the status: it must not outlive this line.
    let stands = tokio::time::timeout(2 * PATIENCE, waited).await.is_ok();
    let says = standing(server).borrow().registered.to_string();
    assert!(stands, "registered never became {wanted}: {says}");
}

async fn is_called_through(proxy: SocketAddr, user: &str) {
    let phone = phone();
    let dialled = phone.dial(proxy, user, DialOptions::default());
    let mut call = patiently("an answer through the proxy", dialled).await.unwrap();
    until_sound(&mut call.ear).await;
    patiently("the end through the proxy", call.hang_up()).await.unwrap();
}

/// The whole of it with one algorithm: registered, called, calling, and the registration taken back.
async fn a_citizen_of(algorithm: &str, transport: &str) {
    if !peer("kamailio", "kamailio") {
        return;
    }
    let proxy = Proxy::start(algorithm);
    let callee = server(&trunk(proxy.address(), transport, "2000", PASSWORD));
    registered(&callee, true).await;
    is_called_through(proxy.address(), "2000").await;

    // We call it through the proxy, which asks who we are.
    let mut events = callee.subscribe();
    let scratch = Scratch::new();
    let file = scratch.file("caller.toml", &trunk(proxy.address(), transport, "1000", PASSWORD));
    let mut call = talkpath();
    call.arg("call").arg("--config").arg(file).args(["2000", "--trunk", "pbx", "--hang-up-after", "2"]);
    let output = tokio::task::spawn_blocking(move || finish(&mut call, PATIENCE)).await.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let from =
        event(&mut events, |kind| if let CallEventKind::Began { from, .. } = kind { Some(from.clone()) } else { None });
    assert!(from.await.starts_with("sip:1000@"), "the callee sees who calls");

    patiently("the registration to be taken back", callee.drain(Duration::ZERO)).await;
    let phone = phone();
    let nobody = patiently("a refusal", phone.dial(proxy.address(), "2000", DialOptions::default())).await.unwrap_err();
    assert!(nobody.to_string().contains("404"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_called_and_calling_through_a_proxy_with_md5() {
    a_citizen_of("MD5", "udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_called_and_calling_through_a_proxy_with_sha_256() {
    a_citizen_of("SHA-256", "udp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_called_and_calling_through_a_proxy_over_tcp_with_md5() {
    a_citizen_of("MD5", "tcp").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registered_called_and_calling_through_a_proxy_over_tcp_with_sha_256() {
    a_citizen_of("SHA-256", "tcp").await;
}

/// Fifty trunks, each with a user of its own, are registered at once, and each finds its own route.
#[tokio::test(flavor = "multi_thread")]
async fn fifty_registrations_at_once() {
    if !peer("kamailio", "kamailio") {
        return;
    }
    let proxy = Proxy::start("MD5");
    let one = |user: usize| {
        let transport = if user.is_multiple_of(2) { "udp" } else { "tcp" };
        let trunk = trunk(proxy.address(), transport, &format!("30{user:02}"), PASSWORD);
        trunk.replace("\"pbx\"", &format!("\"pbx{user}\"")).replace("by trunk", &format!("by trunk {user}"))
    };
    let server = server(&(0..50).map(one).collect::<String>());
    for trunk in server.context().trunks.iter() {
        let mut standing = trunk.standing();
        let waited = standing.wait_for(Standing::is_registered);
        let stands = tokio::time::timeout(2 * PATIENCE, waited).await.is_ok();
        assert!(stands, "{:?}", *trunk.standing().borrow());
    }
    for user in ["3000", "3017", "3049"] {
        is_called_through(proxy.address(), user).await;
    }
    patiently("every registration to be taken back", server.drain(Duration::ZERO)).await;
}

/// A registrar that is killed, and stays away for a while: its trunk is known to be down, a live call goes on, and when it is
/// back we are registered again by ourselves.
#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_that_was_killed_gets_us_back_by_itself_and_a_live_call_is_unharmed() {
    if !peer("kamailio", "kamailio") {
        return;
    }
    let proxy = Proxy::start("MD5");
    let server = server(&trunk(proxy.address(), "tcp", "2000", PASSWORD));
    registered(&server, true).await;
    let phone = phone();
    let dialled = phone.dial(proxy.address(), "2000", DialOptions::default());
    let mut call = patiently("an answer through the proxy", dialled).await.unwrap();
    until_sound(&mut call.ear).await;

    let port = proxy.stop();
    registered(&server, false).await;
    let why = standing(&server).borrow().registered.to_string();
    assert!(why.contains("tried again by itself"), "{why}");
    call.ear.catch_up();
    until_sound(&mut call.ear).await;

    let proxy = Proxy::start_at(port, "MD5");
    registered(&server, true).await;
    patiently("the end of the call", call.hang_up()).await.unwrap();
    is_called_through(proxy.address(), "2000").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_said_in_words() {
    if !peer("kamailio", "kamailio") {
        return;
    }
    let proxy = Proxy::start("MD5");
    let server = server(&trunk(proxy.address(), "udp", "2000", "wrong"));
    let mut trunk = standing(&server);
    let refused = trunk.wait_for(|status| status.registered.to_string().contains("password"));
    let said = patiently("the refusal", refused).await.unwrap().registered.to_string();
    assert!(said.starts_with("not registered: "), "{said}");
}

/// A registrar that forgets us (it was restarted) has us back with the next refresh; a live call doesn't notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_registrar_that_was_restarted_gets_us_back_while_a_call_goes_on() {
    if !peer("kamailio", "kamailio") {
        return;
    }
    let proxy = Proxy::start("MD5");
    let short = trunk(proxy.address(), "udp", "2000", PASSWORD).replace("username", "expires = 30\nusername");
    let server = server(&short);
    registered(&server, true).await;
    let phone = phone();
    let dialled = phone.dial(proxy.address(), "2000", DialOptions::default());
    let mut call = patiently("an answer through the proxy", dialled).await.unwrap();
    until_sound(&mut call.ear).await;

    let proxy = Proxy::start_at(proxy.stop(), "MD5");
    let before = standing(&server).borrow().registrations;
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    patiently("the end of the call", call.hang_up()).await.unwrap();

    let mut trunk = standing(&server);
    let again = trunk.wait_for(|status| status.registrations > before);
    let again = tokio::time::timeout(2 * PATIENCE, again).await.is_ok();
    assert!(again, "it never registered again");
    is_called_through(proxy.address(), "2000").await;
}

//! The program as a process: killed, told to stop, and without a disk.

use crate::programs::{Program, Scratch};
use crate::sound::{call, coded, listen, position, spoken, until_sound};
use crate::support::{HOME, patiently, talkpath};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use talkpath::phone::{DialOptions, PhoneCall};
use talkpath_media::g711::Law;
use talkpath_media::level::dbov;
use talkpath_speech::voice::Voice;
use tokio::net::UdpSocket;

/// What the agent says before it hangs up.
const GOODBYE: &str = "Thank you for calling. Goodbye.";
/// What a killed recording may lack of what the caller heard, in samples.
const UNWRITTEN: usize = 16_000;

/// Starts the server with this configuration and waits until it can be called.
fn start(scratch: &Scratch, more: &str) -> (Program, SocketAddr) {
    serve(talkpath(), scratch, more)
}

/// As [`start`], by a command that goes on as the server.
fn serve(mut command: Command, scratch: &Scratch, more: &str) -> (Program, SocketAddr) {
    let text = format!("sip.listen = [\"udp://127.0.0.1:0\"]\nmedia.rtp_ports = \"any\"\n{more}");
    let file = scratch.file("talkpath.toml", &text);
    let mut program = Program::start(command.args(["serve", "--http", "", "--config"]).arg(file));
    let line = program.until("answers SIP on udp://");
    let address = line.split("udp://").nth(1).unwrap().trim_end_matches('.').parse().unwrap();
    (program, address)
}

fn recording_in(directory: &Path) -> String {
    format!("recording = {{ enabled = true, directory = {directory:?} }}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_is_whole_to_the_last_seconds_when_the_process_is_killed() {
    let scratch = Scratch::new();
    let (mut program, server) = start(&scratch, &recording_in(&scratch.path().join("calls")));
    let mut call = call(server, DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    listen(&mut call.ear, Duration::from_millis(1_500)).await;
    let said = Voice::new().unwrap().synthesize("This must not get lost, whatever happens.");
    patiently("the caller", call.mouth().say(Arc::from(&*said))).await.unwrap();
    listen(&mut call.ear, Duration::from_secs(2)).await;
    program.kill();
    program.ended();
    let counts = call.mouth().disconnect().await.unwrap();
    call.ear.catch_up();
    let heard = call.ear.samples();

    let (caller, agent) = stereo(&only_file(&scratch.path().join("calls")));
    assert!(agent.len() + UNWRITTEN >= heard.len(), "{} of {} samples", agent.len(), heard.len());
    assert!(pieces(&said).count() > 20);
    // Slots that were skipped are on the tape and not on the line.
    if counts.skipped == 0 {
        assert!(heard.starts_with(&agent), "the right channel is what the caller heard");
    }
    let lost = pieces(&coded(Law::Mu, &said)).filter(|piece| position(piece, &caller).is_none()).count();
    assert!(lost <= pieces(&said).count() / 2, "the left channel lacks {lost} pieces of what the caller said");
}

/// The loud hundredths of a second of some speech: a tape that follows a caller's clock stretches a few of them by a sample.
fn pieces(speech: &[i16]) -> impl Iterator<Item = &[i16]> {
    speech.chunks_exact(80).filter(|piece| dbov(piece) > -30.0)
}

fn only_file(directory: &Path) -> std::path::PathBuf {
    let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    file.clone()
}

/// Both channels of a WAV file whose header is true.
fn stereo(path: &Path) -> (Vec<i16>, Vec<i16>) {
    let wav = hound::WavReader::open(path).unwrap();
    let (length, spec) = (wav.duration(), wav.spec());
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 8_000, 16));
    assert_eq!(
        std::fs::metadata(path).unwrap().len(),
        44 + 4 * u64::from(length),
        "the header tells the file's length"
    );
    let samples: Vec<i16> = wav.into_samples().map(Result::unwrap).collect();
    samples.chunks(2).map(|pair| (pair[0], pair[1])).unzip()
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_gives_calls_time_and_a_goodbye_and_refuses_new_ones() {
    let scratch = Scratch::new();
    let (mut program, server) = start(&scratch, "shutdown.drain = 2\n");
    let mut call = call(server, DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    program.terminate();
    program.until("Stopping");
    call.ear.catch_up();
    let told = call.ear.samples().len();
    let refused = invite(server).await;
    assert!(refused.starts_with("SIP/2.0 503 "), "{refused}");
    let retry = refused.lines().find_map(|line| line.strip_prefix("Retry-After:")).expect("a Retry-After");
    assert!(retry.trim().parse::<u32>().unwrap() > 0);

    patiently("the BYE", call.ended()).await.unwrap();
    call.mouth().disconnect().await.unwrap();
    call.ear.catch_up();
    let heard = call.ear.samples();
    let goodbye = position(&spoken(&[GOODBYE]), &heard).expect("the goodbye is heard, every sample of it");
    assert!(goodbye >= told + 12_000, "the call had {} samples of its 2 s", goodbye - told);
    let status = program.ended();
    let said = program.said();
    assert!(status.success() && said.iter().any(|line| line == "Stopped."), "{status}: {said:?}");
}

/// The final response to a new call's INVITE.
async fn invite(server: SocketAddr) -> String {
    let socket = UdpSocket::bind((HOME, 0)).await.unwrap();
    let own = socket.local_addr().unwrap();
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";
    let request = format!(
        "INVITE sip:receptionist@{server} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKlate;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:late@{own}>;tag=1\r\nTo: <sip:receptionist@{server}>\r\n\
         Call-ID: late@{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:late@{own}>\r\n\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    socket.send_to(request.as_bytes(), server).await.unwrap();
    let mut buffer = [0; 2_048];
    loop {
        let length = patiently("a response", socket.recv(&mut buffer)).await.unwrap();
        let response = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if !response.starts_with("SIP/2.0 1") {
            return response;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_sigterm_hangs_up_at_once() {
    let scratch = Scratch::new();
    let (mut program, server) = start(&scratch, "shutdown.drain = 600\n");
    let mut call = call(server, DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    program.terminate();
    program.until("Stopping");
    program.terminate();
    patiently("the BYE, long before the drain ends", call.ended()).await.unwrap();
    let status = program.ended();
    let said = program.said();
    assert!(status.success() && said.iter().any(|line| line == "Stopped."), "{status}: {said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_recording_cannot_be_created_and_the_operator_is_told_once() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("calls");
    let program = start(&scratch, &recording_in(&directory));
    // It was there when the server looked.
    std::fs::remove_dir(&directory).unwrap();
    std::fs::write(&directory, "").unwrap();
    let complaint = complaint(program, &directory).await;
    assert!(complaint.contains("not recorded") && complaint.contains("directory"), "{complaint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_the_disk_is_full_and_the_operator_is_told_once() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("calls");
    // A file that may not grow past 64 KiB, two seconds of a recording, is to its writer what a full disk is.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 128; exec \"$0\" \"$@\""]).arg(talkpath().get_program());
    let program = serve(command, &scratch, &recording_in(&directory));
    let complaint = complaint(program, &directory).await;
    assert!(complaint.contains("recording stops") && complaint.contains("disk"), "{complaint}");
}

/// A whole call that can't be recorded; gives the one sentence that the operator is told.
async fn complaint((mut program, server): (Program, SocketAddr), directory: &Path) -> String {
    let call = call(server, DialOptions::default()).await;
    say_goodbye(call).await;
    program.terminate();
    let status = program.ended();
    let said = program.said();
    assert!(status.success(), "{status}: {said:?}");
    let errors: Vec<_> = said.iter().filter(|line| line.contains("ERROR") || line.contains("WARN")).collect();
    let [error] = &errors[..] else { panic!("{said:?}") };
    assert!(error.contains(&*directory.to_string_lossy()), "{error}");
    (*error).clone()
}

/// Talks for seconds, says goodbye by a key, and hears the agent's.
async fn say_goodbye(mut call: PhoneCall) {
    until_sound(&mut call.ear).await;
    listen(&mut call.ear, Duration::from_secs(3)).await;
    call.mouth().press('9');
    patiently("the BYE", call.ended()).await.unwrap();
    call.mouth().disconnect().await.unwrap();
    call.ear.catch_up();
    assert!(position(&spoken(&[GOODBYE]), &call.ear.samples()).is_some(), "the call went on to its goodbye");
}

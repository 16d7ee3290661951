//! The embedded voice, off the media threads: one worker synthesizes, everybody shares what it said.
//!
//! The lines that the embedded agents always say are synthesized once, when the server starts, into a
//! [`Phrasebook`] that is never changed afterwards, so shards read it without a lock. Everything else
//! is asked of the worker through a bounded queue; an answer goes back by a callback of the asker's.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use talkpath_speech::voice::{Speech, Voice};

/// Requests that may wait; beyond it a request is refused (the asker hears of it at once).
const QUEUE: usize = 256;

/// Lines that were synthesized beforehand.
#[derive(Debug, Default)]
pub struct Phrasebook(HashMap<String, Arc<Speech>>);

impl Phrasebook {
    /// What `text` sounds like, if it was prepared.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Arc<Speech>> {
        self.0.get(text).cloned()
    }
}

type Deliver = Box<dyn FnOnce(Arc<Speech>) + Send>;

struct Request {
    text: String,
    deliver: Deliver,
}

/// A handle on the worker; clones share it.
#[derive(Clone, Debug)]
pub struct Synthesizer {
    phrasebook: Arc<Phrasebook>,
    requests: SyncSender<Request>,
}

/// The worker's queue is full: more is asked than one core can say.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the embedded voice has more to say than it can synthesize")]
pub struct Overloaded;

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("text", &self.text).finish_non_exhaustive()
    }
}

impl Synthesizer {
    /// Synthesizes `lines` and starts the worker.
    ///
    /// # Errors
    /// When the voice's data can't be read or the thread not started.
    pub fn start<I: IntoIterator<Item = String>>(lines: I) -> anyhow::Result<Self> {
        let voice = Voice::new()?;
        let phrasebook = lines.into_iter().map(|line| {
            let speech = Arc::new(voice.speak(&line));
            (line, speech)
        });
        let phrasebook = Arc::new(Phrasebook(phrasebook.collect()));
        let (requests, queue) = sync_channel(QUEUE);
        thread::Builder::new().name("voice".into()).spawn(move || work(&voice, &queue))?;
        Ok(Self { phrasebook, requests })
    }

    /// What was prepared.
    #[must_use]
    pub fn phrasebook(&self) -> &Phrasebook {
        &self.phrasebook
    }

    /// Asks for `text`; `deliver` runs on the worker's thread and must not block it.
    ///
    /// # Errors
    /// [`Overloaded`] when the queue is full; `deliver` is dropped unused.
    pub fn request(&self, text: String, deliver: impl FnOnce(Arc<Speech>) + Send + 'static) -> Result<(), Overloaded> {
        let request = Request { text, deliver: Box::new(deliver) };
        self.requests.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) | TrySendError::Disconnected(_) => Overloaded,
        })
    }
}

fn work(voice: &Voice, queue: &Receiver<Request>) {
    for request in queue {
        // A text that the voice trips over is left out; the next is spoken.
        let spoken = catch_unwind(AssertUnwindSafe(|| voice.speak(&request.text)));
        let speech = spoken.unwrap_or_else(|_| Speech { audio: Arc::new([]), words: Vec::new() });
        (request.deliver)(Arc::new(speech));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_lines_are_at_hand_and_others_are_delivered_by_the_worker() {
        let synthesizer = Synthesizer::start(["Hello.".to_owned()]).unwrap();
        let prepared = synthesizer.phrasebook().find("Hello.").unwrap();
        assert!(prepared.audio.len() > 1_600, "a fifth of a second at least");
        let (tell, told) = sync_channel(1);
        synthesizer.request("Hello.".into(), move |speech| tell.send(speech).unwrap()).unwrap();
        assert_eq!(told.recv().unwrap(), prepared);
        assert!(synthesizer.phrasebook().find("Good-bye.").is_none());
    }
}

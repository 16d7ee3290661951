//! The end of a call's media, and what is told of it.

use crate::call::context::Context;
use crate::call::disposition::Disposition;
use crate::call::event::{CallEventKind, CallId};
use crate::call::media::MediaSession;
use crate::net::shard::Report;
use std::sync::Arc;
use tracing::{info, warn};

/// Ends a call's media if there is any, and tells how the call ended and where its recording is.
pub(in crate::call) async fn finish(
    context: &Context,
    call: CallId,
    disposition: Disposition,
    media: Option<MediaSession>,
) {
    info!(%disposition, "call ended");
    let (report, recording) = match media {
        Some(media) => {
            let recording = media.recording;
            let (report, untold) = media.close().await;
            untold.into_iter().for_each(|event| context.tell(call, CallEventKind::Media(event)));
            (report, recording)
        }
        None => (None, None),
    };
    if let Some(report) = &report {
        warn_of_losses(report);
    }
    context.tell(call, CallEventKind::Ended { disposition, report });
    if let Some(id) = recording
        && let Some(outcome) = context.services.recorder.close(id).await
    {
        context.tell(call, CallEventKind::Recorded(Arc::new(outcome)));
    }
    context.told_all(call);
}

/// What should never be lost, and was.
fn warn_of_losses(report: &Report) {
    let Report { leg, refused, lost_events, lost_seconds, .. } = report;
    if *lost_seconds > 0 {
        warn!(seconds = lost_seconds, "the disk did not follow: this much of the recording is silence");
    }
    if leg.unsent > 0 {
        warn!(packets = leg.unsent, "the system did not take these packets");
    }
    if !refused.is_zero() || *lost_events > 0 {
        warn!(?refused, lost_events, "speech or events of this call were lost");
    }
}

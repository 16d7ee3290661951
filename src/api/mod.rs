//! The HTTP interface: what operators and their programs ask and steer.
//!
//!   request ─► guard (host, key) ─► handler ─► JSON, or a problem (RFC 9457)
//!
//! `/docs` shows it to people, `/openapi.json` to programs; both are made from the handlers, so they can't drift from them.
//! Nothing here touches the audio path: handlers read what tasks publish, and send what tasks receive.

mod call;
mod extract;
mod guard;
mod health;
mod metrics;
mod problem;
mod trunk;

use guard::Scheme;

pub use problem::Problem;
pub use trunk::{Health, Registration, TrunkState};

use crate::call::{Context, Phase};
use crate::server::Placer;
use anyhow::Context as _;
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::net::SocketAddr;
use std::sync::Arc;
use talkpath_config::Http;
use tokio::net::TcpListener;
use tracing::{error, info};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::SwaggerUi;

/// What handlers work with.
#[derive(Clone, Debug)]
struct Desk {
    context: Arc<Context>,
    placer: Placer,
}

#[derive(OpenApi)]
#[openapi(
    info(title = "talkpath", description = "A SIP/RTP telephony voice bot. Errors are problem details (RFC 9457)."),
    modifiers(&Scheme),
)]
struct Document;

/// Listens for HTTP and serves it until the server hangs up its calls; where it listens, if anywhere.
///
/// # Errors
/// When the address can't be had; the sentence says what to do.
pub(crate) fn start(settings: &Http, placer: Placer) -> anyhow::Result<Option<SocketAddr>> {
    let Some(listen) = settings.listen else { return Ok(None) };
    let listener = bind(listen).with_context(|| {
        format!(
            "can't listen for HTTP on {listen}; if another program has that port, set http.listen to another, or to \"\" for \
             no HTTP at all, or start with --http"
        )
    })?;
    let address = listener.local_addr().context("the HTTP listener has no address")?;
    let context = Arc::clone(placer.context());
    let service = router(Desk { context: Arc::clone(&context), placer }, settings);
    tokio::spawn(async move {
        let hung_up = async move { context.reached(Phase::HangUp).await };
        if let Err(error) = axum::serve(listener, service).with_graceful_shutdown(hung_up).await {
            error!(%error, "HTTP has failed; restart the server");
        }
    });
    info!(%address, "listening for HTTP");
    Ok(Some(address))
}

fn bind(listen: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

fn router(desk: Desk, settings: &Http) -> Router {
    let guarded = OpenApiRouter::new()
        .routes(routes!(call::initiate::initiate))
        .routes(routes!(call::list::list))
        .routes(routes!(call::show))
        .routes(routes!(call::terminate))
        .routes(routes!(call::interrupt))
        .routes(routes!(call::conversation))
        .routes(routes!(call::events::events))
        .routes(routes!(call::socket::socket))
        .routes(routes!(trunk::list))
        .routes(routes!(metrics::metrics));
    let open = OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::ready));
    let guard = guard::Guard::new(settings);
    let (api, document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(guarded)
        .layer(from_fn_with_state(guard.clone(), guard::key))
        .merge(open)
        .split_for_parts();
    api.with_state(desk)
        .merge(problem::routes())
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(from_fn_with_state(guard, guard::host))
}

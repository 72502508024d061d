//! `/metrics`, on a listener of its own.

use std::sync::Arc;

use crate::app::gate::counts::{ActiveCounts, GateMetrics, LoginResult};
use crate::app::gate::state::Gate;
use crate::app::messages::gauges::Gauges;
use crate::clock::Timestamp;
use crate::http::request::Method;
use crate::http::response::{Out, Status};
use crate::server::Request;
use crate::telemetry::metrics::CONTENT_TYPE;

impl Gate {
    /// Counts from now on.
    #[must_use]
    pub fn with_metrics(mut self, gauges: Arc<Gauges>) -> Self {
        let mut metrics = GateMetrics::new(gauges, Arc::clone(&self.clock));
        metrics.judge_by(&self.config.rules);
        self.metrics = Some(Box::new(metrics));
        self
    }

    /// Counts a request that the worker had no time for.
    pub(super) fn count_busy(&mut self) {
        if let Some(metrics) = &mut self.metrics {
            metrics.was_busy();
        }
    }

    /// Notes how many connections are held, of how many that there is room for.
    pub(super) fn count_connections(&mut self, held: usize, most: usize) {
        if let Some(metrics) = &mut self.metrics {
            metrics.holds(held, most);
        }
    }

    /// Counts a login that came to its end.
    pub(super) fn count_login(&mut self, result: LoginResult) {
        if let Some(metrics) = &mut self.metrics {
            metrics.logged_in(result);
        }
    }

    /// Counts a posted login that was answered without the worker.
    pub(super) fn count_unjudged(&mut self, out: &Out) {
        self.count_login(match Status(out.status()) {
            Status::UNAUTHORIZED => LoginResult::Malformed,
            Status::FORBIDDEN => LoginResult::CrossSite,
            _ => LoginResult::BadForm,
        });
    }

    /// All that the listener for metrics answers: one page.
    pub(super) fn show_metrics(&mut self, request: &Request<'_>, now: Timestamp, out: &mut Out) {
        let Some(metrics) = self.metrics.as_mut().filter(|_| request.head.path == b"/metrics")
        else {
            out.start(Status::NOT_FOUND);
            out.header("Cache-Control", b"no-store");
            out.body("text/plain; charset=utf-8", b"only /metrics is here\n");
            return;
        };
        if !matches!(request.head.method, Method::Get | Method::Head) {
            out.start(Status::METHOD_NOT_ALLOWED);
            out.header("Allow", b"GET, HEAD");
            out.header("Cache-Control", b"no-store");
            out.finish_empty();
            return;
        }
        let page = metrics.page(&ActiveCounts {
            sessions: self.sessions.living(now),
            passes: self.passes.count_living(now),
            users: self.people.count(),
        });
        out.start(Status::OK);
        out.header("Cache-Control", b"no-store");
        out.body(CONTENT_TYPE, page.as_bytes());
    }
}

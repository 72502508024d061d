//! The page that Prometheus reads: the text format 0.0.4, and the histogram that it asks for.
//!
//! Guarantees: names and labels are written in the source, and label values there or in the
//! settings, so no visitor can add a series; counting allocates nothing and takes no lock. Leaves
//! out what is counted (`app::gate::counts`) and the process ([`super::process`]).

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

/// What [`Page::finish`] gives, as an HTTP media type.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a family's value does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows while the process runs.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

impl MetricKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// The page under construction.
#[derive(Default)]
pub struct Page {
    text: String,
}

impl Page {
    /// Begins the family `name`: its series follow. `help` is one line without a backslash.
    pub fn family(
        &mut self,
        name: &'static str,
        kind: MetricKind,
        help: &'static str,
    ) -> MetricFamily<'_> {
        // Writing into a string cannot fail, here and below.
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {}\n", kind.as_str());
        MetricFamily { text: &mut self.text, name }
    }

    /// The whole page.
    pub fn finish(self) -> String {
        self.text
    }
}

/// The series of one family.
pub struct MetricFamily<'p> {
    text: &'p mut String,
    name: &'static str,
}

impl MetricFamily<'_> {
    /// The one series without labels.
    pub fn value(self, value: impl Display) {
        let _ = writeln!(self.text, "{} {value}", self.name);
    }

    /// The series whose `label` is `is`.
    pub fn labelled(&mut self, label: &'static str, is: &'static str, value: impl Display) {
        let _ = writeln!(self.text, "{}{{{label}=\"{is}\"}} {value}", self.name);
    }

    /// The series with two labels, each with its value; the first value may be any text.
    pub fn labelled_twice(
        &mut self,
        (label, is): (&'static str, &str),
        (other, means): (&'static str, &'static str),
        value: impl Display,
    ) {
        let is = is.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ =
            writeln!(self.text, "{}{{{label}=\"{is}\",{other}=\"{means}\"}} {value}", self.name);
    }

    /// All series of a histogram, in seconds.
    pub fn histogram(self, histogram: &Histogram) {
        let (text, name) = (self.text, self.name);
        let mut up_to = 0_u64;
        for ((_, bound), count) in BOUNDS.iter().zip(&histogram.counts) {
            up_to = up_to.saturating_add(*count);
            let _ = writeln!(text, "{name}_bucket{{le=\"{bound}\"}} {up_to}");
        }
        up_to = up_to.saturating_add(histogram.beyond);
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {up_to}");
        let _ = writeln!(text, "{name}_sum {}\n{name}_count {up_to}", histogram.sum.as_secs_f64());
    }
}

/// Upper bounds of the buckets, and how they are written in seconds. From what a fast PC needs for
/// a verify to what a visitor would notice.
const BOUNDS: [(Duration, &str); 14] = [
    (Duration::from_micros(1), "0.000001"),
    (Duration::from_micros(2), "0.000002"),
    (Duration::from_micros(5), "0.000005"),
    (Duration::from_micros(10), "0.00001"),
    (Duration::from_micros(20), "0.00002"),
    (Duration::from_micros(50), "0.00005"),
    (Duration::from_micros(100), "0.0001"),
    (Duration::from_micros(200), "0.0002"),
    (Duration::from_micros(500), "0.0005"),
    (Duration::from_millis(1), "0.001"),
    (Duration::from_millis(2), "0.002"),
    (Duration::from_millis(5), "0.005"),
    (Duration::from_millis(10), "0.01"),
    (Duration::from_millis(100), "0.1"),
];

/// How long something took, by size.
#[derive(Default)]
pub struct Histogram {
    counts: [u64; BOUNDS.len()],
    beyond: u64,
    sum: Duration,
}

impl Histogram {
    /// Counts one that took `time`.
    pub fn observe(&mut self, time: Duration) {
        let bucket = BOUNDS.iter().zip(&mut self.counts).find(|((bound, _), _)| time <= *bound);
        let count = bucket.map_or(&mut self.beyond, |(_, count)| count);
        *count = count.saturating_add(1);
        self.sum = self.sum.saturating_add(time);
    }
}

/// A yes or no as a number; what nobody can tell is no number.
pub struct BoolSample(pub Option<bool>);

impl Display for BoolSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(true) => "1",
            Some(false) => "0",
            None => "NaN",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_help_type_and_series_of_each_family() {
        let mut page = Page::default();
        page.family("a_total", MetricKind::Counter, "How often.").value(3);
        let mut family = page.family("b", MetricKind::Gauge, "How many.");
        family.labelled("kind", "x", 0);
        family.labelled("kind", "y", BoolSample(None));
        assert_eq!(
            page.finish(),
            "# HELP a_total How often.\n# TYPE a_total counter\na_total 3\n\
             # HELP b How many.\n# TYPE b gauge\nb{kind=\"x\"} 0\nb{kind=\"y\"} NaN\n"
        );
    }

    #[test]
    fn each_bucket_holds_those_before_it() {
        let mut histogram = Histogram::default();
        for nanos in [0, 1_000, 1_001, 60_000, 100_000_000, 100_000_001, 2_000_000_000] {
            histogram.observe(Duration::from_nanos(nanos));
        }
        let mut page = Page::default();
        page.family("t", MetricKind::Histogram, "Time.").histogram(&histogram);
        let page = page.finish();
        for line in [
            r#"t_bucket{le="0.000001"} 2"#,
            r#"t_bucket{le="0.000002"} 3"#,
            r#"t_bucket{le="0.00005"} 3"#,
            r#"t_bucket{le="0.0001"} 4"#,
            r#"t_bucket{le="0.1"} 5"#,
            r#"t_bucket{le="+Inf"} 7"#,
            "t_sum 2.200062002",
            "t_count 7",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }

    #[test]
    fn the_bounds_are_written_as_what_they_are_and_grow() {
        for (bound, written) in BOUNDS {
            assert_eq!(written.parse::<f64>().map(Duration::from_secs_f64), Ok(bound));
        }
        assert!(BOUNDS.is_sorted());
    }
}

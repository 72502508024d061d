//! What is made of many measurements: medians, quartiles, percentiles, and how they are written.

/// Lower quartile, median, upper quartile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    pub low: f64,
    pub median: f64,
    pub high: f64,
}

impl Spread {
    /// Of at least one value; zeros of none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            low: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            high: quantile(&sorted, 0.75),
        }
    }

    /// `1.07 (1.02–1.11)`.
    pub fn ratio(&self) -> String {
        format!("{:.2} ({:.2}–{:.2})", self.median, self.low, self.high)
    }
}

/// The value below which that share of `sorted` lies, between neighbours in proportion.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share * last as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    Spread::of(values).median
}

/// Whole thousands apart: `118,336`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

/// Three digits that mean something: `0.0123`, `4.56`, `118,336`.
pub fn short(number: f64) -> String {
    match number.abs() {
        size if size >= 100.0 => grouped(number),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 1.0 => format!("{number:.2}"),
        0.0 => "0".to_owned(),
        size if size >= 0.01 => format!("{number:.3}"),
        _ => format!("{number:.4}"),
    }
}

/// A duration in the unit that fits: `85 µs`, `1.24 ms`, `2.1 s`.
pub fn time(micros: f64) -> String {
    match micros {
        small if small < 1_000.0 => format!("{} µs", short(small)),
        middle if middle < 1_000_000.0 => format!("{} ms", short(middle / 1e3)),
        long => format!("{} s", short(long / 1e6)),
    }
}

/// Bytes in the unit that fits.
pub fn bytes(number: f64) -> String {
    match number {
        small if small < 10_240.0 => format!("{} bytes", grouped(small)),
        middle if middle < 10_485_760.0 => format!("{} KiB", short(middle / 1_024.0)),
        big => format!("{} MiB", short(big / 1_048_576.0)),
    }
}

/// `1 connection`, `8 connections`.
pub fn connected(count: usize) -> String {
    format!("{count} connection{}", if count == 1 { "" } else { "s" })
}

/// A Markdown table.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

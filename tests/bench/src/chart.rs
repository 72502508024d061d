//! Charts as SVG, readable on a light and a dark page, made of text so that a change of a figure is
//! a change of a line.

/// Names and colours that stand apart for the colour-blind too (Okabe and Ito).
const COLOURS: [&str; 7] =
    ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999"];

const STYLE: &str = "text{font:13px sans-serif;fill:#222}.small{font-size:11px}.axis{stroke:#888}.grid{stroke:#8884}\
.title{font-size:15px;font-weight:bold}.range{stroke:#222;stroke-width:1.5}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.range{stroke:#ddd}}";

const WIDTH: f64 = 760.0;

fn frame(height: f64, title: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<text class=\"title\" x=\"10\" y=\"22\">{title}</text>\n\
         {body}</svg>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('`', "")
}

/// One bar, with the quartiles as a line where there are some.
pub struct Bar {
    pub name: String,
    pub value: f64,
    pub range: Option<(f64, f64)>,
    /// What stands beside it.
    pub label: String,
    /// Ours stands out.
    pub ours: bool,
}

/// Bars in groups, lying; `unit` is the axis.
pub fn bars(title: &str, unit: &str, groups: &[(String, Vec<Bar>)]) -> String {
    let (left, right) = (250.0, WIDTH - 130.0);
    let all = || groups.iter().flat_map(|(_, bars)| bars);
    let most = all()
        .map(|bar| bar.range.map_or(bar.value, |(_, high)| high.max(bar.value)))
        .fold(0.0, f64::max);
    let ticks = ticks(most);
    let end = ticks.last().copied().unwrap_or(1.0);
    let x = |value: f64| left + (right - left) * value / end;
    let (mut y, mut body) = (40.0, String::new());
    for (group, bars) in groups {
        if !group.is_empty() {
            y += 18.0;
            body += &format!("<text x=\"10\" y=\"{y:.0}\">{}</text>\n", escaped(group));
        }
        y += 6.0;
        for bar in bars {
            let colour = COLOURS[usize::from(!bar.ours)];
            let (width, middle) = (x(bar.value) - left, y + 8.0);
            body += &format!(
                "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>",
                left - 8.0,
                y + 13.0,
                escaped(&bar.name)
            );
            body += &format!(
                "<rect x=\"{left}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\"/>"
            );
            let mut beside = x(bar.value);
            if let Some((low, high)) = bar.range {
                body += &format!(
                    "<path class=\"range\" d=\"M{:.1} {middle:.0}H{:.1}\"/>",
                    x(low),
                    x(high)
                );
                beside = beside.max(x(high));
            }
            body += &format!(
                "<text class=\"small\" x=\"{:.1}\" y=\"{:.0}\">{}</text>\n",
                beside + 6.0,
                y + 12.0,
                escaped(&bar.label)
            );
            y += 21.0;
        }
    }
    let mut grid = String::new();
    for tick in &ticks {
        let at = x(*tick);
        grid += &format!("<path class=\"grid\" d=\"M{at:.1} 38V{y:.0}\"/>");
        grid += &format!(
            "<text class=\"small\" x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\n",
            y + 14.0,
            number(*tick)
        );
    }
    grid += &format!(
        "<text class=\"small\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\n",
        (left + right) / 2.0,
        y + 32.0,
        escaped(unit)
    );
    frame(y + 42.0, &escaped(title), &(grid + &body))
}

/// One line: a name and its points.
pub struct Line {
    pub name: String,
    pub points: Vec<(f64, f64)>,
}

/// Lines over a logarithmic axis; the upright one is logarithmic too where the values span more
/// than a factor of 50.
pub fn lines(title: &str, across: &str, upright: &str, lines: &[Line]) -> String {
    let (left, right, top, bottom) = (80.0, WIDTH - 20.0, 60.0, 330.0);
    let points = || lines.iter().flat_map(|line| &line.points);
    let (first, last) =
        points().fold((f64::MAX, 0.0_f64), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
    let (least, most) =
        points().fold((f64::MAX, 0.0_f64), |(low, high), (_, y)| (low.min(*y), high.max(*y)));
    let x = |value: f64| {
        left + (right - left) * (value / first).log10() / (last / first).log10().max(0.1)
    };
    let logarithmic = least > 0.0 && most / least > 50.0;
    let marks: Vec<f64> = if logarithmic {
        let (from, to) = (least.log10().floor() as i32, most.log10().ceil() as i32);
        (from..=to).map(|power| 10_f64.powi(power)).collect()
    } else {
        ticks(most)
    };
    let (floor, ceiling) =
        (marks.first().copied().unwrap_or(0.0), marks.last().copied().unwrap_or(1.0));
    let y = |value: f64| {
        let share = if logarithmic {
            (value / floor).log10() / (ceiling / floor).log10()
        } else {
            value / ceiling
        };
        bottom - (bottom - top) * share
    };
    let mut body = format!("<text class=\"small\" x=\"10\" y=\"46\">{}</text>\n", escaped(upright));
    for mark in &marks {
        let at = y(*mark);
        body += &format!("<path class=\"grid\" d=\"M{left} {at:.1}H{right}\"/>");
        body += &format!(
            "<text class=\"small\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            left - 6.0,
            at + 4.0,
            number(*mark)
        );
    }
    let mut power = first;
    while power <= last * 1.01 {
        let at = x(power);
        body += &format!("<path class=\"grid\" d=\"M{at:.1} {top}V{bottom}\"/>");
        body += &format!(
            "<text class=\"small\" x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\n",
            bottom + 16.0,
            number(power)
        );
        power *= 10.0;
    }
    body += &format!(
        "<text class=\"small\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>\n",
        (left + right) / 2.0,
        bottom + 34.0,
        escaped(across)
    );
    for (position, line) in lines.iter().enumerate() {
        let colour = COLOURS[position % COLOURS.len()];
        let path: Vec<_> =
            line.points.iter().map(|(a, b)| format!("{:.1} {:.1}", x(*a), y(*b))).collect();
        body += &format!(
            "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            path.join("L")
        );
        for (a, b) in &line.points {
            body += &format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(*a),
                y(*b)
            );
        }
        let legend = bottom + 56.0 + 18.0 * position as f64;
        body += &format!(
            "\n<path d=\"M{left} {:.0}h24\" stroke=\"{colour}\" stroke-width=\"3\"/>",
            legend - 4.0
        );
        body += &format!(
            "<text x=\"{:.0}\" y=\"{legend:.0}\">{}</text>\n",
            left + 32.0,
            escaped(&line.name)
        );
    }
    frame(bottom + 56.0 + 18.0 * lines.len() as f64, &escaped(title), &body)
}

/// Round numbers from zero to at least `most`.
fn ticks(most: f64) -> Vec<f64> {
    let rough = (most / 5.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|step| *step >= rough);
    let step = step.unwrap_or(1.0);
    let mut ticks = vec![0.0];
    while ticks.last().is_some_and(|last| *last < most) {
        ticks.push(step * ticks.len() as f64);
    }
    ticks
}

fn number(value: f64) -> String {
    match value {
        thousands if thousands >= 1_000.0 && thousands % 1_000.0 == 0.0 => {
            format!("{}k", thousands / 1_000.0)
        }
        small if small.fract() == 0.0 => format!("{small:.0}"),
        small => format!("{}", (small * 1e6).round() / 1e6),
    }
}

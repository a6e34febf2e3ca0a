//! A bar chart as an SVG picture.

use std::fmt::Write;

use crate::number::figure;

/// Bars below a title, from the same line on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chart {
    /// Says what the lengths are, and whether long is good.
    pub(crate) title: String,
    /// In order.
    pub(crate) bars: Vec<Bar>,
}

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Left of it.
    pub(crate) label: String,
    /// Its length, and the figure right of it; not negative.
    pub(crate) length: f64,
    /// Whether it stands out.
    pub(crate) ours: bool,
}

// In pixels.
const WIDTH: f64 = 760.0;
const LABELS: f64 = 300.0;
const FIGURES: f64 = 80.0;
const ROW: f64 = 28.0;
const BAR: f64 = 18.0;

// Each has a contrast of more than 3 with white and with the near-black of a dark page, so that one picture serves both.
const TEXT: &str = "#77808a";
const OURS: &str = "#2f81f7";
const OTHERS: &str = "#848d97";

impl Chart {
    /// The picture.
    pub(crate) fn svg(&self) -> String {
        let longest = self.bars.iter().map(|bar| bar.length).fold(0.0, f64::max);
        let room = WIDTH - LABELS - FIGURES;
        let height = ROW * (self.bars.len() as f64 + 1.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"14\" fill=\"{TEXT}\">\n\
             <title>{title}</title>\n\
             <text x=\"0\" y=\"18\" font-weight=\"bold\">{title}</text>\n",
            title = escaped(&self.title)
        );
        for (at, bar) in self.bars.iter().enumerate() {
            let top = ROW * (at as f64 + 1.0);
            let base = top + 14.0;
            // One pixel at least: a bar that cannot be seen looks like a missing one.
            let length = if longest > 0.0 {
                (bar.length / longest * room).max(1.0)
            } else {
                1.0
            };
            let color = if bar.ours { OURS } else { OTHERS };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>\n\
                 <rect x=\"{LABELS}\" y=\"{top}\" width=\"{length:.1}\" height=\"{BAR}\" fill=\"{color}\"/>\n\
                 <text x=\"{:.1}\" y=\"{base}\">{}</text>",
                LABELS - 8.0,
                escaped(&bar.label),
                LABELS + length + 6.0,
                figure(bar.length),
            );
        }
        svg + "</svg>\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_figures_say_and_none_is_invisible() {
        let bar = |label: &str, length, ours| Bar {
            label: label.to_owned(),
            length,
            ours,
        };
        let chart = Chart {
            title: "Speed & size".to_owned(),
            bars: vec![
                bar("a", 60_000.0, true),
                bar("b", 30_000.0, false),
                bar("c", 1.0, false),
            ],
        };
        let svg = chart.svg();
        let widths: Vec<&str> = svg
            .split("<rect ")
            .skip(1)
            .filter_map(|rest| rest.split("width=\"").nth(1)?.split('"').next())
            .collect();
        assert_eq!(widths, ["380.0", "190.0", "1.0"]);
        assert!(svg.contains("<title>Speed &amp; size</title>") && svg.contains(">60,000</text>"));
        assert_eq!(svg.matches(OURS).count(), 1);
    }
}

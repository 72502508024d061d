//! The page: what was measured stands between `<!-- measured: NAME -->` and `<!-- end -->`; the
//! rest is written by hand.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Fallible;

pub struct Page {
    text: String,
    path: PathBuf,
    charts: Vec<(String, String)>,
}

impl Page {
    /// The project's page, to be written in its place or into `target/bench`.
    pub fn new(project: &Path, in_place: bool) -> Fallible<Self> {
        let page = project.join("docs/performance.md");
        let text = fs::read_to_string(&page)?;
        let path = if in_place { page } else { project.join("target/bench/performance.md") };
        Ok(Self { text, path, charts: Vec::new() })
    }

    /// Replaces what stands between the marks of a chapter.
    pub fn put(&mut self, name: &str, text: &str) -> Fallible<()> {
        let mark = format!("<!-- measured: {name} -->\n");
        let (before, rest) = self
            .text
            .split_once(&mark)
            .ok_or(format!("docs/performance.md has no {}", mark.trim()))?;
        let (_, after) = rest
            .split_once("<!-- end -->")
            .ok_or(format!("no end of {name} in docs/performance.md"))?;
        self.text = format!("{before}{mark}\n{}\n\n<!-- end -->{after}", text.trim());
        Ok(())
    }

    /// Keeps a chart and gives the line that shows it.
    pub fn chart(&mut self, name: &str, what: &str, svg: String) -> String {
        self.charts.push((name.to_owned(), svg));
        format!("![{what}](performance/{name}.svg)\n")
    }

    /// Writes page and charts, and says where.
    pub fn write(&self) -> Fallible<&Path> {
        let folder = self.path.parent().unwrap_or(Path::new(".")).join("performance");
        fs::create_dir_all(&folder)?;
        for (name, svg) in &self.charts {
            fs::write(folder.join(format!("{name}.svg")), svg)?;
        }
        fs::write(&self.path, &self.text)?;
        Ok(&self.path)
    }
}

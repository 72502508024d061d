//! Offsets in a text as lines for people.

/// Where the lines of a text begin.
pub(super) struct LineStarts(Vec<usize>);

impl LineStarts {
    /// Goes through the text once.
    pub(super) fn of(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(ends.map(|(at, _)| at + 1).collect())
    }

    /// The line that holds the byte at this offset, counted from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_belongs_to_the_line_that_it_ends() {
        let starts = LineStarts::of("ab\n\nc");
        let lines: Vec<_> = (0..6).map(|offset| starts.line_of(offset)).collect();
        assert_eq!(lines, [1, 1, 1, 2, 3, 3]);
        assert_eq!(LineStarts::of("").line_of(7), 1);
    }
}

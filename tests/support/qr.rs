//! Reads QR codes off a terminal, as a camera would.

/// The text of the one code that is drawn in half blocks, light on dark.
pub fn read(drawn: &str) -> String {
    const MODULE: usize = 3;
    // What is drawn is light, row by row.
    let mut rows: Vec<Vec<bool>> = Vec::new();
    for line in drawn.lines() {
        rows.push(line.chars().map(|cell| matches!(cell, '█' | '▀')).collect());
        rows.push(line.chars().map(|cell| matches!(cell, '█' | '▄')).collect());
    }
    let (width, height) = (rows[0].len() * MODULE, rows.len() * MODULE);
    let is_dark = |x: usize, y: usize| !rows[y / MODULE][x / MODULE];
    let mut image = rqrr::PreparedImage::prepare_from_bitmap(width, height, is_dark);
    let codes = image.detect_grids();
    assert_eq!(codes.len(), 1, "one code:\n{drawn}");
    let (_, text) = codes[0].decode().unwrap();
    text
}

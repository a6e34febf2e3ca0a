//! The digest of a table's content, which tells whether two tables hold the same rows.

use sha2::{Digest, Sha256};

use crate::{Column, Table};

impl Table {
    /// The sha256 over names, kinds and cells: equal tables have equal digests, whatever made them.
    ///
    /// Every variable part is preceded by its length, so that no two different tables feed the same bytes.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"auriga table 1");
        hash.update((self.n_rows() as u64).to_le_bytes());
        hash.update((self.names().len() as u64).to_le_bytes());
        for (name, column) in self.columns() {
            update_text(&mut hash, name);
            match column {
                Column::Number(cells) => {
                    hash.update([0]);
                    cells
                        .iter()
                        .for_each(|&cell| hash.update(canonical(cell).to_le_bytes()));
                }
                Column::Text(cells) => {
                    hash.update([1]);
                    for cell in cells {
                        hash.update([u8::from(cell.is_some())]);
                        if let Some(text) = cell {
                            update_text(&mut hash, text);
                        }
                    }
                }
                Column::Boolean(cells) => {
                    hash.update([2]);
                    let byte = |cell: &Option<bool>| cell.map_or(2, u8::from);
                    cells.iter().for_each(|cell| hash.update([byte(cell)]));
                }
            }
        }
        hash.finalize().into()
    }
}

/// One bit pattern for numbers that compare as equal: 0 for -0, one NaN for every missing cell.
fn canonical(number: f64) -> u64 {
    if number == 0.0 {
        0
    } else if number.is_nan() {
        f64::NAN.to_bits()
    } else {
        number.to_bits()
    }
}

fn update_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

//! The JSON Schema of a plan file, for editors.

use schemars::generate::SchemaSettings;

use super::Plan;

/// The schema as JSON text (draft 2020-12), made from the types themselves: keys, words, and what they are for.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = generator.into_root_schema_for::<Plan>();
    format!("{:#}\n", schema.as_value())
}

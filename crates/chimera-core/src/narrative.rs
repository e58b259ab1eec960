//! The review in words: by template, or by a model whose reply is read with care.

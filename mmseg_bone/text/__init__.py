"""Reports; the only place that knows transformers and jieba."""

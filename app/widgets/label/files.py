"""Labels as files: out in four shapes, in again, and a training set with weights."""

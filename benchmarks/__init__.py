"""What the library costs against the way people do it otherwise: `make bench`. One file a question; results in RESULTS.md."""

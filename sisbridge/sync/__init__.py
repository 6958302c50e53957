"""The use-cases, one public function a file: the only place where the order of things is decided."""

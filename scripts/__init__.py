"""Entry points and jobs: the only place that knows all packages, configuration and tracker."""

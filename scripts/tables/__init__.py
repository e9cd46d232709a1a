"""Tables and figures of the papers, built from run folders: ours beside the published figures."""

"""Where rows come from: the files of a log as one relation with canonical columns."""

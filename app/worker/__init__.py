"""Long work outside the screen: takes jobs from the state, says how far it is, stops when asked."""

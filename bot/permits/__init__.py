"""Whether a person may do what they typed, clicked or sent: asked once, in one place, before any listener runs."""

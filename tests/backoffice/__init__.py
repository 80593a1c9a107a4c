"""The operators' screens, asked as a browser would."""

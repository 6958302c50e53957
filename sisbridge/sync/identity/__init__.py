"""Who is who: people over users and districts, and sourcedIds that were given anew."""

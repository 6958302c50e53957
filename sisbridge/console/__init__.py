"""The door for people: a console in the browser, which a later issue builds."""

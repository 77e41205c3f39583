"""Tests of what talks to other people's computers, against servers on 127.0.0.1."""

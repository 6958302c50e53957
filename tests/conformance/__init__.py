"""What every connector must keep to, as suites that a connector runs in three lines.

    class TestMySource(RosterSourceContract):
        make = staticmethod(my_scene)

`my_scene(dataset, folder)` is a context manager: it lets the outside system hold the kit's data set and
yields a scene, which is the connector and the few handles the suite needs on the far side. A source that
can tell changes runs `RosterDeltaContract` and `DeltaNightContract` besides.
"""

from unidiff import PatchSet

DIFF = """--- a/x.py
+++ b/x.py
@@ -1,3 +1,3 @@
 a
-b
+c
 d
--- /dev/null
+++ b/y.py
@@ -0,0 +1,1 @@
+new
"""


def patches(given=DIFF):
    """Reads a patch."""
    patch = PatchSet(given)
    return [
        [
            file.path,
            file.added,
            file.removed,
            file.is_added_file,
            [[line.line_type, line.value] for hunk in file for line in hunk],
        ]
        for file in patch
    ] + [str(patch) == given]

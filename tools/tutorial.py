"""Runs docs/tutorial.ipynb from its first cell to its last, and writes it again with what came out.

    python tools/tutorial.py

The cells run in a kernel of their own and in a new folder. Of what they write to stderr the notebook keeps nothing:
TensorFlow's lines about this machine's processor would be there.
"""

import hashlib
import pathlib
import sys
import tempfile

import nbclient
import nbformat

NOTEBOOK = pathlib.Path(__file__).resolve().parent.parent / "docs" / "tutorial.ipynb"
SECONDS = 300  # a cell


def read():
    """Returns the notebook as it is in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


def run(notebook, folder):
    """Runs all cells of a notebook in a new process whose working directory is `folder`; their outputs are in it then.

    Raises:
        nbclient.exceptions.CellExecutionError: for a cell that fails; the message has the cell and its traceback.
    """
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    resources = {"metadata": {"path": str(folder)}}
    options = {"record_timing": False, "coalesce_streams": True}  # lines come one by one, or several at once
    nbclient.NotebookClient(notebook, timeout=SECONDS, resources=resources, **options).execute()


def stderr(notebook):
    """Returns what the cells wrote to stderr."""
    return "".join(it.text for it in _outputs(notebook) if it.output_type == "stream" and it.name == "stderr")


def code_of(notebook):
    """Returns the SHA-256 of all code cells, which tells whether outputs are those of this code."""
    code = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()


def tidied(notebook):
    """Returns a notebook that has run as it is kept: without stderr, and without what changes from run to run."""
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
        "outputs_of": code_of(notebook),
    }
    for number, cell in enumerate(notebook.cells):
        cell.id, cell.metadata = f"cell-{number:02d}", {}
        if cell.cell_type == "code":
            cell.outputs = [it for it in cell.outputs if it.get("name") != "stderr"]
    return notebook


def _outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def main():
    """Runs the notebook and writes it; returns the exit status."""
    notebook = read()
    with tempfile.TemporaryDirectory(prefix="tutorial-") as folder:
        run(notebook, folder)
    NOTEBOOK.write_text(nbformat.writes(tidied(notebook)) + "\n")
    print(NOTEBOOK)
    return 0


if __name__ == "__main__":
    sys.exit(main())

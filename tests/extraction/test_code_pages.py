"""Code pages of files that are no Unicode; `code_page_samples` has more of them."""

from integrations.documents.code_pages import guess
from tests.extraction.code_page_samples import encoded_files


def test_nearly_every_generated_file_is_decoded_as_it_was_encoded() -> None:
    files = list(encoded_files(6))
    right = sum(1 for file in files if (page := guess(file.data)) and file.data.decode(page.name) == file.text)
    assert right >= 0.98 * len(files)

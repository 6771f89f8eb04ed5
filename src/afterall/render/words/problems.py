"""Say what is wrong inside a file, for the codes that checkpoint formats give as `problem` or `reason`."""

PROBLEMS = {
    # safetensors headers
    "header_too_small": "it is shorter than the length of a header",
    "header_too_large": "its header claims to be larger than the format allows",
    "invalid_header_length": "its header claims to be longer than the file",
    "invalid_header": "its header is no valid JSON of tensors",
    "hole": "its tensors leave a hole between them",
    "overlap": "two of its tensors overlap",
    "reversed_offsets": "a tensor ends before it begins",
    "validation_overflow": "a tensor's size is beyond every number",
    "misaligned": "a tensor does not end at a whole byte",
    "size_mismatch": "a tensor's shape and its bytes do not fit",
    "truncated": "it ends before its last tensor does",
    "trailing": "it goes on after its last tensor",
    "not_read": "its header is longer than is read here",
    # torch archives and pickles
    "no_central_directory": "the archive's directory, which is written last, is missing",
    "directory_beyond_file": "the archive's directory points beyond the file",
    "directory_too_large": "the archive's directory is larger than is read here",
    "directory_damaged": "the archive's directory is damaged",
    "record_beyond_directory": "a record of the archive lies behind its directory",
    "record_beyond_file": "a record of the archive points beyond the file",
    "no_local_header": "a record of the archive is not where its directory says",
    "no_zip64_locator": "the archive's directory is damaged",
    "no_zip64_end": "the archive's directory is damaged",
    "stack_empty": "its pickle is damaged",
    "no_mark": "its pickle is damaged",
    "memo_empty": "its pickle is damaged",
    "no_number": "its pickle is damaged",
    "unknown_opcode": "its pickle is damaged",
    "compressed_archive": "it is a compressed archive, which is not unpacked here",
    "no_archive": "it does not begin as torch's archives do",
    "records_overlap": "records of the archive share bytes",
    "record_repeated": "two records of the archive have one name, or differ only in case",
    "no_data_pkl": "the archive lacks data.pkl, which says what its numbers are",
    "unknown_version": "it is of a version that is not known here",
    "unknown_structure": "its structure is not known here",
    "values_not_read": "its values were not read",
    "unknown_format": "its format is not known here",
    "too_many_tensors_to_compare": "it holds too many tensors to compare",
    "no_weight_map": "it holds no map of tensors to shards",
    "pickle_cut_off": "the pickle has no end",
    "compressed": "it is compressed, which torch never does",
    "too_large": "it is larger than is read here",
    "legacy_torch": "it is in torch's format from before 1.6, which only unpickling can read",
    "pickle": "it is a bare pickle, which only unpickling can read",
    # JSON
    "zeros": "it holds nothing but zero bytes",
    "not_utf8": "it is not UTF-8 text",
    "cut_off": "it was cut off",
    "syntax": "it is no valid JSON",
    # opening
    "not_a_regular_file": "it is no regular file",
    "EACCES": "permission denied",
    "EPERM": "not permitted",
    "ENOENT": "it is gone",
    "ELOOP": "a symbolic link leads out of the set or in a circle",
    "EIO": "the disk reports an error",
    "ESTALE": "the file server lost it",
    # sets of shards
    "shorter_than_metadata_says": "it is shorter than the checkpoint's metadata says",
    "leaves_directory": "it names files outside its directory",
}


def problem(code: str) -> str:
    """Return the words for a problem; a code without words is shown as its own words."""
    return PROBLEMS.get(code, code.replace("_", " "))

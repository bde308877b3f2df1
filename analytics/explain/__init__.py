"""Why a number moved: parts that sum to the change, one method a file."""

"""The linguistic components of the shipped pipeline: tagger, morphology, lemmatizer and dependency parser.

Trained on UD English EWT by `usg train-parser syntax`. `clear` changes the trees of the treebank, read by
usg/formats/conllu.py, to the labels of spaCy's English pipelines, `treebank` puts them on the tokens of spaCy's
tokenizer, `train` trains.
"""

# Logistic regression needs exp() and sqrt().
learn_LIBS := -lm

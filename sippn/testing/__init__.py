"""Fakes and scripted peers for those who test against sippn; documented and kept like the rest."""
